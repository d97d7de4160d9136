import { Webhook } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Button, EmptyState, ErrorState, Skeleton, StaleNote } from "../../shared/components";
import { useLoaded } from "../../shared/Loaded";
import { useKeptFocus } from "../../shared/useKeptFocus";
import type { Place } from "../place";
import { HooksApi } from "./api";
import { HookRow } from "./HookRow";
import { Hooks } from "./Hooks";
import "./hooks.css";
import { NewHookDialog } from "./NewHookDialog";
import { ReceivedList } from "./ReceivedList";

/** Whom Firefly tells of builds, and what the provider told Firefly; for maintainers. */
export function HooksPage({ place }: { place: Place }) {
  const { owner, name } = place.project;
  const api = useMemo(() => new HooksApi({ owner, name }), [owner, name]);
  const hooks = useMemo(() => new Hooks(api), [api]);
  const { value: shown, problem } = useLoaded(hooks);
  const [adds, setAdds] = useState(false);
  const box = useKeptFocus<HTMLDivElement>();
  useEffect(() => {
    document.title = `Hooks · ${owner}/${name}`;
  }, [owner, name]);
  return (
    <div ref={box} className="builds hooks-page">
      <div className="builds-head">
        <h1>Hooks</h1>
        {shown && shown.length > 0 && (
          <Button className="hooks-add" onClick={() => setAdds(true)}>
            Add a hook
          </Button>
        )}
      </div>
      {shown && <StaleNote problem={problem} />}
      {!shown ? (
        problem ? (
          <ErrorState problem={problem} onRetry={() => hooks.load()} />
        ) : (
          <Skeleton rows={3} label="Loading the hooks" />
        )
      ) : shown.length === 0 ? (
        <EmptyState icon={<Webhook size={20} aria-hidden />} title="Tell another service of builds" action={<Button kind="primary" onClick={() => setAdds(true)}>Add a hook</Button>}>
          A chat, or an address of yours, that is called when a build ends or a site is live. Each call is signed.
        </EmptyState>
      ) : (
        <ul className="rows" aria-label="Hooks">
          {shown.map((hook) => (
            <HookRow key={hook.id} hook={hook} hooks={hooks} api={api} />
          ))}
        </ul>
      )}
      <ReceivedList api={api} />
      {adds && <NewHookDialog hooks={hooks} onClose={() => setAdds(false)} />}
    </div>
  );
}
