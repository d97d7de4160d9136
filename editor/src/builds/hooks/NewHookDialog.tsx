import { useState, type SyntheticEvent } from "react";
import { asProblem } from "../../shared/api";
import { Button, CopyButton, Dialog, Field } from "../../shared/components";
import type { Hooks } from "./Hooks";
import { EVENTS, FLAVOURS, type CreatedHook, type Flavour, type HookEvent } from "./types";

const FLAVOUR_NAMES: Record<Flavour, string> = { generic: "JSON, signed", slack: "Slack", mattermost: "Mattermost", discord: "Discord", teams: "Microsoft Teams" };
const EVENT_HINTS: Record<HookEvent, string> = {
  queued: "asked for",
  started: "being built",
  ended: "over, however it ended",
  succeeded: "built well",
  failed: "failed by itself",
  live: "its site is shown",
  gone: "its site is removed",
};

export function NewHookDialog({ hooks, onClose }: { hooks: Hooks; onClose: () => void }) {
  const [url, setUrl] = useState("");
  const [flavour, setFlavour] = useState<Flavour>("generic");
  const [events, setEvents] = useState<HookEvent[]>(["ended"]);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<CreatedHook | null>(null);
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      setMade(await hooks.add({ url: url.trim(), flavour, events }));
    } catch (thrown) {
      setError(asProblem(thrown).detail);
      setBusy(false);
    }
  };
  if (made) return <Made made={made} onClose={onClose} />;
  return (
    <Dialog
      title="Add a hook"
      description="It is called at once, to see whether it answers."
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="new-hook" busy={busy} disabled={events.length === 0}>
            Add it
          </Button>
        </>
      }
    >
      <form id="new-hook" className="settings-part hook-form" onSubmit={(event) => void submit(event)}>
        <Field label="Address" hint="A chat’s incoming hook, or an address of yours." error={error}>
          {(given) => <input {...given} className="ff-input" type="url" required placeholder="https://" spellCheck={false} value={url} onChange={(event) => setUrl(event.target.value)} />}
        </Field>
        <Field label="What it understands">
          {(given) => (
            <select {...given} className="ff-input" value={flavour} onChange={(event) => setFlavour(event.target.value as Flavour)}>
              {FLAVOURS.map((one) => (
                <option key={one} value={one}>
                  {FLAVOUR_NAMES[one]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <fieldset className="policy">
          <legend className="hook-legend">When a build or its site is</legend>
          {EVENTS.map((one) => (
            <label key={one} className="policy-choice">
              <input type="checkbox" checked={events.includes(one)} onChange={(event) => setEvents(event.target.checked ? [...events, one] : events.filter((other) => other !== one))} />
              <span>
                {one} <span className="ff-muted">{EVENT_HINTS[one]}</span>
              </span>
            </label>
          ))}
        </fieldset>
      </form>
    </Dialog>
  );
}

function Made({ made, onClose }: { made: CreatedHook; onClose: () => void }) {
  return (
    <Dialog title={`${made.host} is called from now on`} description="With this key whoever is called knows that it was Firefly. It is not shown again." onClose={onClose} footer={<Button onClick={onClose}>Done</Button>}>
      <div className="commands">
        <pre role="group" aria-label="Key">{made.secret}</pre>
        <CopyButton text={made.secret} kind="primary" label="Copy the key" />
      </div>
    </Dialog>
  );
}
