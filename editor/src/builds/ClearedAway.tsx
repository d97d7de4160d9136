import { useMemo } from "react";
import { ErrorState, RelativeTime, Skeleton } from "../shared/components";
import { Loaded, useLoaded } from "../shared/Loaded";
import { type Clearing, OverviewApi } from "./overview";

const WORDS: Record<string, string> = {
  caches: "Caches of dependencies",
  artifacts: "Artifacts that nobody refers to",
  bytes: "Bytes without a row",
  logs: "Old logs",
  sandboxes: "Sandboxes of builds",
  images: "Images",
};

/** What the servers cleared away by themselves, and whether that went well. */
export function ClearedAway() {
  const api = useMemo(() => new OverviewApi(), []);
  const parts = useMemo(() => new Loaded(api.clearings), [api]);
  const { value: shown, problem } = useLoaded(parts);
  return (
    <section id="cleared" className="account-section" aria-label="Cleared away" tabIndex={-1}>
      <h2>Cleared away</h2>
      {shown ? (
        <ul className="items">{shown.map((part) => <Part key={part.part} part={part} />)}</ul>
      ) : problem ? (
        <ErrorState problem={problem} onRetry={() => parts.load()} />
      ) : (
        <Skeleton rows={3} label="Loading what was cleared away" />
      )}
    </section>
  );
}

function Part({ part }: { part: Clearing }) {
  return (
    <li className="item">
      <div className="item-text">
        <span className="item-title">{WORDS[part.part] ?? part.part}</span>
        <span className="item-hint">
          {part.failure ? `It went wrong: ${part.failure} ` : `${part.removed.toLocaleString("en")} removed so far. `}
          {part.swept_at ? (
            <>
              Looked at <RelativeTime at={part.swept_at} />.
            </>
          ) : (
            "Not looked at yet."
          )}
        </span>
      </div>
    </li>
  );
}
