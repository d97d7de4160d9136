import { FileArchive, Upload, X } from "lucide-react";
import { useRef, useState, type DragEvent, type SyntheticEvent } from "react";
import type { Visibility } from "../shared/api";
import { Button } from "../shared/components";
import { NameFields } from "./NameFields";
import { freeName, nameFrom } from "./names";
import type { WayProps } from "./NewProject";
import { api } from "./store";
import { useCreation } from "./useCreation";

export function FromArchive({ taken, onCreated }: WayProps) {
  const [file, setFile] = useState<File | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const [visibility, setVisibility] = useState<Visibility>("members");
  const [share, setShare] = useState(0);
  const [missing, setMissing] = useState(false);
  const cancel = useRef<AbortController | null>(null);
  const { busy, create, nameError, problem } = useCreation(onCreated);
  const name = typed ?? (file ? freeName(nameFrom(file.name) || "project", taken) : "");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setMissing(!file);
    if (!file) return;
    const controller = new AbortController();
    cancel.current = controller;
    setShare(0);
    void create(name, () =>
      api.uploadProject({ name, visibility }, file, { signal: controller.signal, progress: setShare }),
    );
  };
  const told = problem?.detail ?? (missing && !file ? "Choose an archive first." : null);
  return (
    <form onSubmit={submit} className="way-form">
      <DropZone file={file} onFile={setFile} disabled={busy} />
      {busy && (
        <div className="upload">
          <progress value={share} max={1} aria-label="Upload" />
          <span>{share < 1 ? `${Math.floor(share * 100)} %` : "Checking the archive…"}</span>
          <Button kind="quiet" onClick={() => cancel.current?.abort()}>
            Cancel
          </Button>
        </div>
      )}
      <NameFields name={name} onName={setTyped} error={nameError} visibility={visibility} onVisibility={setVisibility} />
      <div className="way-foot">
        {told && (
          <p className="ff-field-error" role="alert">
            {told}
          </p>
        )}
        <Button kind="primary" type="submit" busy={busy}>
          {busy ? "Uploading…" : "Upload"}
        </Button>
      </div>
    </form>
  );
}

interface DropProps {
  file: File | null;
  onFile: (file: File | null) => void;
  disabled: boolean;
}

function DropZone({ file, onFile, disabled }: DropProps) {
  const [over, setOver] = useState(false);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped && !disabled) onFile(dropped);
  };
  const onDragOver = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    // Dropping is a shortcut: the button inside does the same.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div className={`drop${over ? " drop-over" : ""}`} role="group" aria-label="Archive" onDragOver={onDragOver} onDragLeave={() => setOver(false)} onDrop={onDrop}>
      {file ? (
        <>
          <FileArchive size={20} aria-hidden />
          <span className="drop-name">{file.name}</span>
          <span className="ff-faint">{sizeOf(file.size)}</span>
          <button type="button" className="ff-icon-button" aria-label="Choose another file" disabled={disabled} onClick={() => onFile(null)}>
            <X size={16} aria-hidden />
          </button>
        </>
      ) : (
        <>
          <Upload size={20} aria-hidden />
          <label className="drop-choose">
            <input type="file" accept=".zip,.tar,.gz,.tgz" onChange={(event) => onFile(event.target.files?.[0] ?? null)} />
            <span className="ff-link">Choose an archive</span> or drop it here
          </label>
          <span className="ff-faint">zip, tar or tar.gz</span>
        </>
      )}
    </div>
  );
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
