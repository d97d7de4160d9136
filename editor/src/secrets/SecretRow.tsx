import { useState } from "react";
import { Button, RelativeTime } from "../shared/components";
import { EndButton } from "../sharing/EndButton";
import { useSubmit } from "../sharing/useSubmit";
import { SecretInput } from "./AddSecret";
import type { Secret } from "./types";

interface Props {
  secret: Secret;
  manages: boolean;
  /** Throws the problem. */
  onSet: (value: string) => Promise<void>;
  onRemove: () => void;
}

export function SecretRow({ secret, manages, onSet, onRemove }: Props) {
  const [changing, setChanging] = useState(false);
  const asks = secret.state !== "set";
  return (
    <li className="sh-row secret-row">
      <div className="sh-row-words">
        <span className="sh-row-title">
          <code>{secret.name}</code>
        </span>
        <Standing secret={secret} />
      </div>
      {manages && !changing && (
        <Button kind={asks ? "primary" : "quiet"} aria-label={`${asks ? "Set" : "Change"} ${secret.name}`} onClick={() => setChanging(true)}>
          {asks ? "Set" : "Change"}
        </Button>
      )}
      {manages && !changing && <EndButton label={`Remove ${secret.name}`} text="Remove" loss={`Nobody can show the value of ${secret.name} again. The application starts anew without it.`} onEnd={onRemove} />}
      {changing && <Changing name={secret.name} onSet={onSet} onDone={() => setChanging(false)} />}
    </li>
  );
}

function Standing({ secret }: { secret: Secret }) {
  if (secret.state === "missing") return <span className="secret-asks">Needs a value: its name came with the remix.</span>;
  if (secret.state === "unreadable") return <span className="secret-asks">Cannot be read: the server's key is another one. Set it anew.</span>;
  return (
    <span className="sh-hint">
      {secret.size === 1 ? "1 byte" : `${secret.size} bytes`}, set {secret.by && `by ${secret.by} `}
      <RelativeTime at={secret.changed_at} />
    </span>
  );
}

function Changing({ name, onSet, onDone }: { name: string; onSet: Props["onSet"]; onDone: () => void }) {
  const [value, setValue] = useState("");
  const { error, busy, submit } = useSubmit(async () => {
    await onSet(value);
    onDone();
  });
  return (
    <form className="sh-line secret-change" aria-label={`Change ${name}`} onSubmit={submit}>
      <SecretInput label={`New value of ${name}`} value={value} onChange={setValue} focus />
      <Button kind="quiet" onClick={onDone}>
        Cancel
      </Button>
      <Button type="submit" kind="primary" busy={busy}>
        Set
      </Button>
      {error && (
        <p className="ff-field-error" role="alert">
          {error}
        </p>
      )}
    </form>
  );
}
