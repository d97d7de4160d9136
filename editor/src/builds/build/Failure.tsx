import { CircleAlert, SquareTerminal, TextSearch } from "lucide-react";
import type { ReactNode } from "react";
import { lastWritten, spansOf } from "../../shared/ansi";
import { Button, RelativeTime } from "../../shared/components";
import type { Build } from "../types";
import { lookOf } from "../words";

interface Props {
  build: Build;
  onShow: () => void;
  /** Null: nothing is kept to look around in, or this member may not. */
  onTerminal: (() => void) | null;
  /** What changed since it went well. */
  children: ReactNode;
}

/** Why it went wrong, first of all: the likely cause, what to do, and the lines that matter. */
export function FailureCard({ build, onShow, onTerminal, children }: Props) {
  const { failure, state, reason, kept_until: kept } = build;
  return (
    <section className="failure" aria-label="Why it failed">
      <CircleAlert size={18} aria-hidden className="failure-icon" />
      <div className="failure-text">
        <h2>{failure?.cause || reason || lookOf(state).word}</h2>
        {failure?.remedy && <p>{failure.remedy}</p>}
        {failure && (
          <p className="failure-where" title={failure.command}>
            Step {failure.step}
            {failure.command && (
              <>
                : <code>{failure.command}</code>
              </>
            )}
            {failure.exit_code !== null && <> ended with {failure.exit_code}</>}
          </p>
        )}
        {failure && failure.lines.length > 0 && <Lines lines={failure.lines} />}
        {children}
        <div className="failure-actions">
          {failure && (
            <Button icon={<TextSearch size={16} aria-hidden />} onClick={onShow} title="Show it in the log (E)">
              Show in the log
            </Button>
          )}
          {onTerminal && (
            <Button icon={<SquareTerminal size={16} aria-hidden />} onClick={onTerminal}>
              Open a terminal
            </Button>
          )}
          {onTerminal && kept && (
            <span className="ff-faint failure-kept">
              Its sandbox is kept and goes <RelativeTime at={kept} />
            </span>
          )}
        </div>
      </div>
    </section>
  );
}

function Lines({ lines }: { lines: readonly string[] }) {
  return (
    // What is too wide scrolls, and must be reachable by key.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className="failure-lines" tabIndex={0} aria-label="The lines that matter">
      {lines.map((line, at) => (
        <div key={at}>
          {spansOf(lastWritten(line)).map((span, part) => (
            <span key={part} className={span.className || undefined}>
              {span.text}
            </span>
          ))}
        </div>
      ))}
    </pre>
  );
}
