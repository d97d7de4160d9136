import { useState } from "react";
import { Button, Field, showToast } from "../../shared/components";
import { useSubmit } from "../../sharing/useSubmit";
import type { BuildSettings, Policy } from "../types";
import type { Settings } from "./Settings";

const POLICIES: readonly { id: Policy; label: string; hint: string }[] = [
  { id: "all", label: "Every branch", hint: "Each push is built." },
  { id: "patterns", label: "Some branches", hint: "Those whose whole name fits a pattern." },
  { id: "none", label: "Nothing by itself", hint: "Only what somebody starts." },
];

/** Which branches are built when they are pushed. */
export function PolicyForm({ settings, shown }: { settings: Settings; shown: BuildSettings }) {
  return (
    <>
      <fieldset className="policy">
        <legend className="ff-hidden">Branches</legend>
        {POLICIES.map(({ id, label, hint }) => (
          <label key={id} className="policy-choice">
            <input type="radio" name="policy" checked={shown.policy === id} onChange={() => void settings.change({ policy: id }, `${label}: saved.`)} />
            <span>
              {label} <span className="ff-muted">{hint}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {shown.policy === "patterns" && <Patterns key={shown.patterns.join("\n")} settings={settings} patterns={shown.patterns} />}
    </>
  );
}

function Patterns({ settings, patterns }: { settings: Settings; patterns: readonly string[] }) {
  const [text, setText] = useState(patterns.join("\n"));
  const wanted = text.split(/\s+/).filter(Boolean);
  const { error, busy, submit } = useSubmit(async () => {
    await settings.save({ patterns: wanted });
    showToast("The patterns are saved.");
  });
  return (
    <form className="settings-form" onSubmit={submit}>
      <Field label="Patterns" hint="One a line. * stands for anything but a slash, ** for anything: main, release/*, team/**." error={error}>
        {(given) => <textarea {...given} className="ff-input code-field" rows={3} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />}
      </Field>
      <Button type="submit" busy={busy} disabled={wanted.join("\n") === patterns.join("\n")}>
        Save the patterns
      </Button>
    </form>
  );
}
