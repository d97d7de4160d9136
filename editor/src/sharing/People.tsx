import { UserRound } from "lucide-react";
import { useState } from "react";
import { Button, Field, RelativeTime } from "../shared/components";
import { Door } from "./Door";
import { EndButton } from "./EndButton";
import type { Person } from "./types";
import { useAccess } from "./useSharing";
import { useSubmit } from "./useSubmit";
import { nameOfPerson } from "./words";

export function People() {
  const { access } = useAccess();
  return (
    <Door icon={UserRound} title="People" told="They sign in and see the preview, not the files.">
      {access.may.widen && <AddPerson />}
      {access.people.length > 0 && (
        <ul className="sh-list" aria-label="People who are let in">
          {access.people.map((person) => (
            <PersonRow key={person.id} person={person} />
          ))}
        </ul>
      )}
    </Door>
  );
}

function AddPerson() {
  const { sharing } = useAccess();
  const [text, setText] = useState("");
  const { error, busy, submit } = useSubmit(
    async () => {
      await sharing.addPerson(text);
      setText("");
    },
    () => (text.trim() ? null : "Give the name that they sign in with, or their e-mail address."),
  );
  return (
    <form onSubmit={submit}>
      <Field label="Name or e-mail address" hidden error={error}>
        {(given) => (
          <div className="sh-line">
            <input {...given} className="ff-input" placeholder="Name or e-mail address" autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={320} value={text} onChange={(event) => setText(event.target.value)} />
            <Button type="submit" busy={busy}>
              Let in
            </Button>
          </div>
        )}
      </Field>
    </form>
  );
}

function PersonRow({ person }: { person: Person }) {
  const { sharing, access } = useAccess();
  const name = nameOfPerson(person);
  const loss = access.may.widen ? undefined : `${name} cannot see the preview any more. Only an owner can let them in again.`;
  return (
    <li className="sh-row">
      <div className="sh-row-words">
        <span className="sh-row-title">
          {name}
          {person.account && person.account !== name && <span className="ff-faint"> {person.account}</span>}
        </span>
        <span className="sh-hint">
          Added <RelativeTime at={person.since} />
          {person.by && ` by ${person.by}`}
        </span>
      </div>
      <EndButton label={`Remove ${name}`} text="Remove" loss={loss} onEnd={() => void sharing.removePerson(person)} />
    </li>
  );
}
