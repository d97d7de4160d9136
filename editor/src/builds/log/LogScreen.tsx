import { useEffect, useLayoutEffect, useRef, useState, type CSSProperties, type KeyboardEvent } from "react";
import { useStore } from "zustand";
import type { Step } from "../types";
import type { Log } from "./Log";
import { LogRow } from "./LogRow";
import type { Reading } from "./Reading";
import { HEAD, LINE, Rows, type Section } from "./rows";
import { StepHead } from "./StepHead";

/** Drawn above and below what is seen, so that quick scrolling finds something there. */
const MARGIN = 400;
/** This near to the foot counts as being there. */
const FOOT = 24;

interface Props {
  log: Log;
  reading: Reading;
  steps: readonly Step[];
  /** More may come: the newest line can be followed. */
  isLive: boolean;
}

/** The lines themselves: only those in view are in the page, however many there are. */
export function LogScreen({ log, reading, steps, isLive }: Props) {
  useStore(log.store, (state) => state.version);
  const folded = useStore(reading.store, (state) => state.folded);
  const times = useStore(reading.store, (state) => state.times);
  const place = useRef<HTMLDivElement>(null);
  const rows = new Rows(sectionsOf(log, steps, folded));
  const { from, height, onScroll } = useView(place, reading, isLive);
  useGoals(place, reading, log, rows);
  useFoot(place, reading, rows.height, height);
  const shown = rows.between(Math.max(0, from - MARGIN), from + height + MARGIN);
  const { sections } = rows;
  const stuck = rows.sectionAt(from);
  const head = sections[stuck];
  const stepOf = (position: number): Step | undefined => steps.find((step) => step.position === position);
  return (
    <div className="log-frame">
      {head && from > rows.topOfSection(stuck) && (
        <div className="log-stuck">
          <StepHead step={stepOf(head.step)} position={head.step} isFolded={head.folded} count={head.lines.length} onFold={() => reading.fold(head.step)} isCopy />
        </div>
      )}
      {/* A region that scrolls must be reachable by key. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */}
      <div ref={place} className="log-screen" role="log" aria-live="off" aria-label="Log of the build" tabIndex={0} onScroll={onScroll} onKeyDown={(event) => page(event, reading)}>
        <div className={times ? "log-all log-with-times" : "log-all"} style={{ height: rows.height, "--log-digits": digitsOf(log) } as CSSProperties}>
          {shown.map((row) => {
            const section = sections[row.section];
            if (!section) return null;
            if (row.kind === "line") return <LogRow key={`l${row.index}`} log={log} reading={reading} index={row.index} top={row.top} />;
            return (
              <div key={`s${section.step}`} className="log-head" style={{ top: row.top, height: HEAD }}>
                <StepHead step={stepOf(section.step)} position={section.step} isFolded={section.folded} count={section.lines.length} onFold={() => reading.fold(section.step)} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** How wide the numbers of lines are. */
function digitsOf(log: Log): number {
  return Math.max(3, String(log.lines.at(-1)?.n ?? 0).length);
}

function sectionsOf(log: Log, steps: readonly Step[], folded: ReadonlySet<number>): Section[] {
  const positions = new Set([...steps.map(({ position }) => position), ...log.printed]);
  return [...positions].sort((a, b) => a - b).map((step) => ({ step, lines: log.ofStep(step), folded: folded.has(step) }));
}

/** Which part is in view. Scrolling up lets go of the newest line, scrolling to the foot holds on to it again. */
function useView(place: React.RefObject<HTMLDivElement | null>, reading: Reading, isLive: boolean) {
  const [from, setFrom] = useState(0);
  const [height, setHeight] = useState(600);
  const before = useRef(0);
  const onScroll = (): void => {
    const element = place.current;
    if (!element) return;
    const { scrollTop, clientHeight, scrollHeight } = element;
    const isAtFoot = scrollHeight - scrollTop - clientHeight < FOOT;
    if (scrollTop < before.current && !isAtFoot) reading.follow(false);
    else if (isLive && isAtFoot && scrollTop > before.current) reading.follow(true);
    before.current = scrollTop;
    setFrom(scrollTop);
  };
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [place]);
  return { from, height, onScroll };
}

/** Scrolls to where the reader wishes to be, once for each wish. */
function useGoals(place: React.RefObject<HTMLDivElement | null>, reading: Reading, log: Log, rows: Rows): void {
  const turn = useStore(reading.store, (state) => state.turn);
  const done = useRef(0);
  useLayoutEffect(() => {
    const element = place.current;
    const { goal } = reading.state;
    if (!element || !goal || done.current === turn) return;
    done.current = turn;
    if (goal.kind === "start") element.scrollTo(0, 0);
    else if (goal.kind === "end") element.scrollTo(0, element.scrollHeight);
    else if (goal.kind === "step") element.scrollTo(0, rows.topOfStep(goal.step));
    else {
      const top = rows.topOfLine(log.lines[goal.index]?.step ?? 0, goal.index);
      const isSeen = top >= element.scrollTop + HEAD && top + LINE <= element.scrollTop + element.clientHeight;
      if (top >= 0 && !isSeen) element.scrollTo(0, top - element.clientHeight / 3);
    }
  }, [turn, place, reading, log, rows]);
}

/** The newest line stays in view. */
function useFoot(place: React.RefObject<HTMLDivElement | null>, reading: Reading, whole: number, seen: number): void {
  const follows = useStore(reading.store, (state) => state.follows);
  useLayoutEffect(() => {
    const element = place.current;
    if (element && follows) element.scrollTo(element.scrollLeft, element.scrollHeight);
  }, [place, follows, whole, seen]);
}

function page(event: KeyboardEvent, reading: Reading): void {
  if (event.key === "Home") reading.toStart();
  else if (event.key === "End") reading.toEnd();
  else return;
  event.preventDefault();
}
