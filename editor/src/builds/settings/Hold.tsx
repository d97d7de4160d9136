import { useState } from "react";
import { Button, Field } from "../../shared/components";
import { useKeptFocus } from "../../shared/useKeptFocus";
import { useSubmit } from "../../sharing/useSubmit";
import type { BuildSettings } from "../types";
import type { Settings } from "./Settings";

/** Nothing of a project that is held is begun; what is pushed waits in the queue. */
export function Hold({ settings, shown }: { settings: Settings; shown: BuildSettings }) {
  const [reason, setReason] = useState("");
  const { busy, submit } = useSubmit(() => settings.change({ held: true, held_reason: reason.trim() }, "Builds are held."));
  const box = useKeptFocus<HTMLDivElement>();
  return (
    <div ref={box}>
      {shown.held ? (
        <div className="held" role="status">
          <div className="held-text">
            <p>
              <b>Builds are held.</b> What is pushed waits in the queue.
            </p>
            {shown.held_reason && <p>{shown.held_reason}</p>}
          </div>
          <Button onClick={() => settings.change({ held: false, held_reason: "" }, "Builds go on.")}>Let them go on</Button>
        </div>
      ) : (
        <form className="one-line" onSubmit={submit}>
          <Field label="Hold all builds" hint="Nothing new begins until you let them go on; what is pushed waits.">
            {(given) => <input {...given} className="ff-input" placeholder="Why, for everybody to read" value={reason} onChange={(event) => setReason(event.target.value)} />}
          </Field>
          <Button type="submit" busy={busy}>
            Hold
          </Button>
        </form>
      )}
    </div>
  );
}
