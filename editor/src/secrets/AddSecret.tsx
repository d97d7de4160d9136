import { useState, type ClipboardEvent } from "react";
import { Button, Field } from "../shared/components";
import { useSubmit } from "../sharing/useSubmit";
import { entriesOf } from "./dotenv";
import type { Entry } from "./types";

interface Props {
  /** Throws the problem. */
  onSet: (entries: Entry[]) => Promise<void>;
}

/** A name and a value; or all lines of a .env file, pasted as the name. */
export function AddSecret({ onSet }: Props) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const [pasted, setPasted] = useState<Entry[]>([]);
  const clear = (): void => {
    setName("");
    setValue("");
    setPasted([]);
  };
  const { error, busy, submit } = useSubmit(
    async () => {
      await onSet(pasted.length ? pasted : [{ name: name.trim(), value }]);
      clear();
    },
    () => (pasted.length || name.trim() ? null : "Give a name, such as API_KEY."),
  );
  const paste = (event: ClipboardEvent): void => {
    const [first, ...more] = entriesOf(event.clipboardData.getData("text"));
    if (!first) return;
    event.preventDefault();
    setName(first.name);
    setValue(first.value);
    setPasted(more.length ? [first, ...more] : []);
  };
  return (
    <form className="add-secret" aria-label="Set a secret" onSubmit={submit}>
      <Field label="Name of the secret" error={error} hint={pasted.length ? undefined : "Programs find the value under this name in their environment. Lines of a .env file can be pasted here."}>
        {(given) =>
          pasted.length ? (
            <div className="sh-line secrets-pasted">
              <span {...given}>
                {pasted.length} secrets: {pasted.map((entry) => entry.name).join(", ")}
              </span>
              <Button kind="quiet" onClick={clear}>
                Cancel
              </Button>
              <Button type="submit" kind="primary" busy={busy}>
                Set all
              </Button>
            </div>
          ) : (
            <div className="sh-line">
              <input {...given} className="ff-input secret-name" placeholder="API_KEY" autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={128} value={name} onPaste={paste} onChange={(event) => setName(event.target.value)} />
              <SecretInput label="Value" value={value} onChange={setValue} />
              <Button type="submit" busy={busy}>
                Set
              </Button>
            </div>
          )
        }
      </Field>
    </form>
  );
}

/** Several lines are possible, as in keys; it is not shown while somebody may look over the shoulder. */
export function SecretInput({ label, value, onChange, focus = false }: { label: string; value: string; onChange: (value: string) => void; focus?: boolean }) {
  return (
    <textarea
      className="ff-input secret-value"
      aria-label={label}
      placeholder="Value"
      rows={1}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      // A form that the user has just opened.
      // eslint-disable-next-line jsx-a11y/no-autofocus
      autoFocus={focus}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
