import { EditorView } from "@codemirror/view";
import { EditorState } from "@codemirror/state";
import { Download, FileCode, FileQuestion } from "lucide-react";
import { Suspense, useEffect, useRef } from "react";
import { Button, EmptyState, Skeleton } from "../../shared/components";
import { lazily } from "../../shared/lazily";
import { useWorkbench, useWorkbenchState } from "../../workbench/context";
import { nameOf } from "../../workbench/paths";
import { sayKey } from "../../workbench/platform";
import { download } from "../tree/RowMenu";
import { ConflictBar } from "./ConflictBar";
import { Tabs } from "./Tabs";

const Compare = lazily(() => import("./Compare"));

export function CodePanel() {
  const active = useWorkbenchState((state) => state.active);
  const document = useWorkbenchState((state) => (state.active === null ? undefined : state.documents[state.active]));
  const comparing = useWorkbenchState((state) => state.comparing);
  const ready = document?.state === "ready";
  const compares = comparing && document?.conflict;
  return (
    <>
      <Tabs />
      {active !== null && document?.conflict && <ConflictBar path={active} conflict={document.conflict} />}
      {active === null && <Welcome />}
      {document?.state === "loading" && <Skeleton rows={12} label="Reading the file" />}
      {active !== null && document?.state === "failed" && <Failed path={active} reason={document.reason} />}
      {active !== null && document?.state === "binary" && <Binary path={active} />}
      {active !== null && compares && (
        <Suspense fallback={<Skeleton rows={12} label="Comparing" />}>
          <Compare path={active} theirs={compares.text} />
        </Suspense>
      )}
      <Code path={ready && !compares ? active : null} />
    </>
  );
}

/** One view for all documents: it is handed from one to the next. */
function Code({ path }: { path: string | null }) {
  const { buffers } = useWorkbench();
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  useEffect(() => {
    if (!place.current) return;
    const made = new EditorView({ parent: place.current, state: EditorState.create() });
    view.current = made;
    return () => {
      buffers.hide();
      made.destroy();
      view.current = null;
    };
  }, [buffers]);
  useEffect(() => {
    if (!view.current) return;
    if (path === null) buffers.hide();
    else {
      buffers.show(path, view.current);
      if (window.document.activeElement === window.document.body) view.current.focus();
    }
  }, [path, buffers]);
  return <div ref={place} className="wb-text" hidden={path === null} />;
}

function Welcome() {
  const keys: readonly [string, string][] = [
    ["Go to file", "Mod+P"],
    ["Commands", "Mod+K"],
    ["Terminal", "Ctrl+`"],
    ["Save", "Mod+S"],
  ];
  const { store } = useWorkbench();
  return (
    <EmptyState
      icon={<FileCode size={20} aria-hidden />}
      title="No file is open"
      action={<Button onClick={() => store.set({ palette: "files" })}>Go to file</Button>}
    >
      <dl className="wb-keys">
        {keys.map(([label, key]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <kbd>{sayKey(key)}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </EmptyState>
  );
}

function Failed({ path, reason }: { path: string; reason: string }) {
  const { documents } = useWorkbench();
  return (
    <EmptyState icon={<FileQuestion size={20} aria-hidden />} title={`${nameOf(path)} cannot be opened`} action={<Button onClick={() => documents.load(path)}>Try again</Button>}>
      {reason}
    </EmptyState>
  );
}

const IMAGE = /\.(png|jpe?g|gif|webp|avif|ico)$/i;

function Binary({ path }: { path: string }) {
  const { tree } = useWorkbench();
  const version = useWorkbenchState((state) => state.documents[path]?.version ?? "");
  const url = tree.downloadUrl(path);
  if (IMAGE.test(path)) {
    return (
      <div className="wb-image">
        <img src={`${url}?v=${encodeURIComponent(version)}`} alt={nameOf(path)} />
      </div>
    );
  }
  return (
    <EmptyState
      icon={<FileQuestion size={20} aria-hidden />}
      title={`${nameOf(path)} is not text`}
      action={
        <Button icon={<Download size={16} aria-hidden />} onClick={() => download(url, path)}>
          Download
        </Button>
      }
    >
      It can be downloaded, and replaced by an upload.
    </EmptyState>
  );
}
