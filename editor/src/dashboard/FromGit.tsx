import { useState, type SyntheticEvent } from "react";
import type { Visibility } from "../shared/api";
import { Button, Field } from "../shared/components";
import { NameFields } from "./NameFields";
import { freeName, nameFrom } from "./names";
import type { WayProps } from "./NewProject";
import { api } from "./store";
import { useCreation } from "./useCreation";

export function FromGit({ taken, onCreated }: WayProps) {
  const [url, setUrl] = useState("");
  const [typed, setTyped] = useState<string | null>(null);
  const [visibility, setVisibility] = useState<Visibility>("members");
  const [missing, setMissing] = useState<string | null>(null);
  const { busy, create, nameError, problem } = useCreation(onCreated);
  const guessed = nameFrom(url);
  const name = typed ?? (guessed ? freeName(guessed, taken) : "");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const address = url.trim();
    setMissing(address ? null : "Paste the address of a repository.");
    if (address) void create(name, () => api.createProject({ name, git_url: address, visibility }));
  };
  return (
    <form onSubmit={submit} className="way-form" noValidate>
      <Field
        label="Git address"
        hint="By https or ssh. A private repository needs an address that carries its access."
        error={missing ?? problem?.detail}
      >
        {(given) => (
          <input
            {...given}
            className="ff-input"
            type="url"
            inputMode="url"
            name="git_url"
            placeholder="https://git.example/team/site.git"
            autoComplete="off"
            spellCheck={false}
            value={url}
            onChange={(event) => setUrl(event.target.value)}
          />
        )}
      </Field>
      <NameFields name={name} onName={setTyped} error={nameError} visibility={visibility} onVisibility={setVisibility} />
      <div className="way-foot">
        <Button kind="primary" type="submit" busy={busy}>
          {busy ? "Looking…" : "Import"}
        </Button>
      </div>
    </form>
  );
}
