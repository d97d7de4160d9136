import { type KeyboardEvent, useEffect, useRef } from "react";
import { Button, RelativeTime, useNow } from "../shared/components";
import { Lines } from "./FileRow";
import type { Checkpoint } from "./types";
import { byDay, sayClock, sayFiles } from "./words";

interface Props {
  items: readonly Checkpoint[];
  chosen: string | null;
  onChoose: (id: string) => void;
  onMore?: (() => void) | undefined;
}

/** By day, the newest first; arrows go from one to the next. */
export function CheckpointList({ items, chosen, onChoose, onMore }: Props) {
  const now = useNow();
  const newest = items[0]?.id;
  const list = useRef<HTMLDivElement>(null);
  // Arrows lead on from here.
  useEffect(() => list.current?.querySelector<HTMLElement>("[aria-current]")?.focus(), []);
  return (
    // The buttons inside hear the keys first.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div ref={list} className="cp-list" onKeyDown={step}>
      {byDay(items, now).map(([day, those]) => (
        <section key={day} aria-label={day}>
          <h3>{day}</h3>
          <ul>
            {those.map((one) => (
              <li key={one.id}>
                <button type="button" className="cp-row" aria-current={one.id === chosen ? "true" : undefined} onClick={() => onChoose(one.id)}>
                  <span className="cp-when">
                    {sayClock(new Date(one.at))}
                    <span className="ff-faint">{one.id === newest ? "newest" : <RelativeTime at={one.at} />}</span>
                  </span>
                  <span className="cp-what">
                    <span className="cp-files">{sayFiles(one)}</span>
                    {one.files > 0 && <Lines added={one.added} removed={one.removed} />}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {onMore && (
        <Button kind="quiet" className="cp-more" onClick={onMore}>
          Show older
        </Button>
      )}
    </div>
  );
}

const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

function step(event: KeyboardEvent<HTMLElement>): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(".cp-row")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? undefined : STEPS[event.key]?.(at, rows.length - 1);
  if (next === undefined) return;
  event.preventDefault();
  rows[next]?.focus();
  // As in every list with a part beside it: what has the focus is what is shown.
  if (matchMedia("(min-width: 721px)").matches) rows[next]?.click();
}
