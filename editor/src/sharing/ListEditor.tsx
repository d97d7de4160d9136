import { useState } from "react";
import { Button, Field } from "../shared/components";
import { EndButton } from "./EndButton";
import { useAccess } from "./useSharing";
import { useSubmit } from "./useSubmit";

interface Props {
  list: "addresses" | "public_paths";
  /** One of them, as a word. */
  label: string;
  placeholder: string;
}

export function ListEditor({ list, label, placeholder }: Props) {
  const { sharing, access } = useAccess();
  const loss = (value: string): string | undefined =>
    access.may.widen ? undefined : `Visitors no longer get in by ${value}. Only an owner can open it again.`;
  return (
    <>
      {access.may.widen && <Add list={list} label={label} placeholder={placeholder} />}
      {access[list].length > 0 && (
        <ul className="sh-list" aria-label={`${label}s`}>
          {access[list].map((value) => (
            <li key={value} className="sh-row">
              <code className="sh-row-words">{value}</code>
              <EndButton label={`Remove ${value}`} text="Remove" loss={loss(value)} onEnd={() => void sharing.removeFrom(list, value)} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Add({ list, label, placeholder }: Props) {
  const { sharing } = useAccess();
  const [value, setValue] = useState("");
  const { error, busy, submit } = useSubmit(
    async () => {
      await sharing.addTo(list, value);
      setValue("");
    },
    () => (value.trim() ? null : `Give one, such as ${placeholder}.`),
  );
  return (
    <form onSubmit={submit}>
      <Field label={label} hidden error={error}>
        {(given) => (
          <div className="sh-line">
            <input {...given} className="ff-input" placeholder={placeholder} autoComplete="off" autoCapitalize="none" spellCheck={false} value={value} onChange={(event) => setValue(event.target.value)} />
            <Button type="submit" busy={busy} aria-label={`Add the ${label.toLowerCase()}`}>
              Add
            </Button>
          </div>
        )}
      </Field>
    </form>
  );
}
