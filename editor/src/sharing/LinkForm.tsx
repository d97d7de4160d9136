import { useEffect, useRef, useState } from "react";
import { Field } from "../shared/components";
import { FormButtons } from "./FormButtons";
import type { NewLink } from "./types";
import { useAccess } from "./useSharing";
import { useSubmit } from "./useSubmit";

const DAY = 86_400;
const ENDS = [
  { seconds: 3600, label: "In an hour" },
  { seconds: DAY, label: "In a day" },
  { seconds: 7 * DAY, label: "In a week" },
  { seconds: 30 * DAY, label: "In 30 days" },
  { seconds: 0, label: "When I end it" },
];
const USES = [
  { most: 0, label: "Any number of times" },
  { most: 1, label: "Once" },
  { most: 5, label: "5 times" },
  { most: 20, label: "20 times" },
];

export function LinkForm({ onMade, onClose }: { onMade: (link: NewLink) => void; onClose: () => void }) {
  const { sharing } = useAccess();
  const [label, setLabel] = useState("");
  const [seconds, setSeconds] = useState(7 * DAY);
  const [most, setMost] = useState(0);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const { error, busy, submit } = useSubmit(async () =>
    onMade(await sharing.makeLink({ label: label.trim(), expires_in: seconds || null, max_uses: most || null })),
  );
  return (
    <form className="sh-form" aria-label="New link" onSubmit={submit}>
      <Field label="Name" optional error={error} hint="For whom it is: you see who came by which.">
        {(given) => (
          <input {...given} ref={first} className="ff-input" maxLength={80} autoComplete="off" placeholder="For the customer" value={label} onChange={(event) => setLabel(event.target.value)} />
        )}
      </Field>
      <div className="sh-pair">
        <Field label="Ends">
          {(given) => (
            <select {...given} className="ff-input" value={seconds} onChange={(event) => setSeconds(Number(event.target.value))}>
              {ENDS.map((end) => (
                <option key={end.seconds} value={end.seconds}>
                  {end.label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Can be used">
          {(given) => (
            <select {...given} className="ff-input" value={most} onChange={(event) => setMost(Number(event.target.value))}>
              {USES.map((use) => (
                <option key={use.most} value={use.most}>
                  {use.label}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <FormButtons label="Make the link" busy={busy} onClose={onClose} />
    </form>
  );
}
