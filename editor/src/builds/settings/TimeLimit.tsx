import { useState, type SyntheticEvent } from "react";
import { asProblem } from "../../shared/api";
import { Button, Field, showToast } from "../../shared/components";
import type { BuildSettings } from "../types";
import type { Settings } from "./Settings";

export function TimeLimit({ settings, shown }: { settings: Settings; shown: BuildSettings }) {
  const [minutes, setMinutes] = useState(shown.timeout === null ? "" : String(shown.timeout / 60));
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    try {
      await settings.save({ timeout: minutes.trim() ? Math.round(Number(minutes) * 60) : null });
      setError(null);
      showToast("The time limit is saved.");
    } catch (thrown) {
      setError(asProblem(thrown).detail);
    }
  };
  return (
    <form className="one-line" onSubmit={(event) => void submit(event)}>
      <Field label="Minutes that a build may take" hint="Empty: as this installation has it. A build that takes longer is ended." error={error}>
        {(given) => <input {...given} className="ff-input minutes" type="number" min="0.1" max="1440" step="any" value={minutes} onChange={(event) => setMinutes(event.target.value)} />}
      </Field>
      <Button type="submit">Save</Button>
    </form>
  );
}
