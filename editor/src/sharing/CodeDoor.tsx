import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Button, Field, useNow } from "../shared/components";
import { Door } from "./Door";
import { EndButton } from "./EndButton";
import { FormButtons } from "./FormButtons";
import { Once } from "./Once";
import type { NewCode } from "./types";
import { useAccess } from "./useSharing";
import { useSubmit } from "./useSubmit";
import { sayEnd, sayUses } from "./words";

const LIFETIMES = [
  { seconds: 3600, label: "An hour" },
  { seconds: 86_400, label: "A day" },
  { seconds: 7 * 86_400, label: "A week" },
  { seconds: 30 * 86_400, label: "30 days" },
];

export function CodeDoor() {
  const { sharing, access } = useAccess();
  const now = useNow();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewCode | null>(null);
  const { code } = access;
  const told = code ? `${sayUses(code)} · ${sayEnd(code.expires_at, now)}` : "Eight characters to read out to somebody.";
  return (
    <Door
      icon={KeyRound}
      title="Code"
      told={told}
      action={
        !making && (
          <>
            {code && (
              <EndButton
                label="End the code"
                loss="The code stops working, and whoever came in by it is put out."
                onEnd={() => {
                  setMade(null);
                  void sharing.endCode();
                }}
              />
            )}
            {access.may.widen && <Button onClick={() => setMaking(true)}>{code ? "New code" : "Make a code"}</Button>}
          </>
        )
      }
    >
      {making && (
        <CodeForm
          replaces={code !== null}
          onMade={(one) => {
            setMade(one);
            setMaking(false);
          }}
          onClose={() => setMaking(false)}
        />
      )}
      {made && code && (
        <Once key={made.code} title="The code" text={made.code} large hint="Read it out or copy it now: it is shown this once." onDone={() => setMade(null)} />
      )}
    </Door>
  );
}

function CodeForm({ replaces, onMade, onClose }: { replaces: boolean; onMade: (code: NewCode) => void; onClose: () => void }) {
  const { sharing } = useAccess();
  const [seconds, setSeconds] = useState(86_400);
  const { error, busy, submit } = useSubmit(async () => onMade(await sharing.makeCode(seconds)));
  const warning = replaces ? "The code before stops working, and whoever came in by it is put out." : undefined;
  return (
    <form className="sh-form" aria-label="New code" onSubmit={submit}>
      <Field label="Works for" error={error} hint={warning}>
        {(given) => (
          // Somebody has just asked for this form.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          <select {...given} autoFocus className="ff-input" value={seconds} onChange={(event) => setSeconds(Number(event.target.value))}>
            {LIFETIMES.map((lifetime) => (
              <option key={lifetime.seconds} value={lifetime.seconds}>
                {lifetime.label}
              </option>
            ))}
          </select>
        )}
      </Field>
      <FormButtons label={replaces ? "Replace the code" : "Make the code"} busy={busy} replaces={replaces} onClose={onClose} />
    </form>
  );
}
