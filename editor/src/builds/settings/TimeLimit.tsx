import { useState } from "react";
import { Button, Field, showToast } from "../../shared/components";
import { useSubmit } from "../../sharing/useSubmit";
import type { BuildSettings } from "../types";
import type { Settings } from "./Settings";

export function TimeLimit({ settings, shown }: { settings: Settings; shown: BuildSettings }) {
  const [minutes, setMinutes] = useState(shown.timeout === null ? "" : String(shown.timeout / 60));
  const wanted = minutes.trim() ? Math.round(Number(minutes) * 60) : null;
  const { error, busy, submit } = useSubmit(async () => {
    await settings.save({ timeout: wanted });
    showToast("The time limit is saved.");
  });
  return (
    <form className="one-line" onSubmit={submit}>
      <Field label="Minutes that a build may take" hint="Empty: as this installation has it. A build that takes longer is ended." error={error}>
        {(given) => <input {...given} className="ff-input minutes" type="number" min="0.1" max="1440" step="any" value={minutes} onChange={(event) => setMinutes(event.target.value)} />}
      </Field>
      <Button type="submit" busy={busy} disabled={wanted === shown.timeout}>
        Save
      </Button>
    </form>
  );
}
