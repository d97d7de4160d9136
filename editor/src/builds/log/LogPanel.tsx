import { ArrowDownToLine } from "lucide-react";
import type { RefObject } from "react";
import { useStore } from "zustand";
import { EmptyState, Skeleton } from "../../shared/components";
import type { Build, Step } from "../types";
import { isOver, sayPlace } from "../words";
import { ChosenLines } from "./ChosenLines";
import { type Log, MOST_LINES } from "./Log";
import "./log.css";
import { LogScreen } from "./LogScreen";
import { LogTools } from "./LogTools";
import type { Reading } from "./Reading";

interface Props {
  build: Build;
  steps: readonly Step[];
  log: Log;
  reading: Reading;
  field: RefObject<HTMLInputElement | null>;
}

/** A build's log with its tools, in each of its states. */
export function LogPanel({ build, steps, log, reading, field }: Props) {
  const { version, state, cut } = useStore(log.store);
  const follows = useStore(reading.store, (given) => given.follows);
  const isLive = state !== "ended" && !isOver(build.state);
  const isEmpty = log.lines.length === 0 && steps.length === 0;
  return (
    <section className="log" aria-label="Log" data-lines={log.lines.length} data-version={version}>
      {!isEmpty && <LogTools buildId={build.id} reading={reading} steps={steps.map(({ position }) => position)} isLive={isLive} field={field} />}
      {state === "lost" && (
        <p className="log-note" role="status">
          The connection is lost. The log goes on where it stopped as soon as the server answers.
        </p>
      )}
      {cut && (
        <p className="log-note">
          Only the first {MOST_LINES.toLocaleString("en")} lines are shown. Download the log for all of them.
        </p>
      )}
      {isEmpty ? <NothingYet build={build} isOpening={state === "opening"} /> : <LogScreen log={log} reading={reading} steps={steps} isLive={isLive} />}
      <ChosenLines reading={reading} />
      {isLive && !follows && !isEmpty && (
        <button type="button" className="log-newest" onClick={() => reading.toEnd()}>
          <ArrowDownToLine size={14} aria-hidden /> Newest line <kbd>F</kbd>
        </button>
      )}
    </section>
  );
}

function NothingYet({ build, isOpening }: { build: Build; isOpening: boolean }) {
  if (build.state === "waiting") return <EmptyState title="It waits for approval">What comes from a fork is built once a maintainer has looked at it. Its log appears here.</EmptyState>;
  if (build.state === "queued") return <EmptyState title={build.queue?.held ? "Builds are held" : "It waits for its turn"}>{build.queue && `${sentence(sayPlace(build.queue))} `}The log appears here as soon as it starts. You may close this page meanwhile.</EmptyState>;
  if (isOpening) return <Skeleton rows={8} label="Reading the log" />;
  if (isOver(build.state)) return <EmptyState title="There is no log">This build ended before it did anything.</EmptyState>;
  return <EmptyState title="It is starting">The first lines appear in a moment.</EmptyState>;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1).replace(/\.$/, "")}.`;
}
