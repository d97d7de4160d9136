import { useEffect, useRef } from "react";
import type { OutputLine } from "../../bridge";
import { spansOf } from "../../shared/ansi";
import { Button, EmptyState, Skeleton } from "../../shared/components";
import { useWorkbench, useWorkbenchState } from "../../workbench/context";

const SHOWN = 2_000;

/** What the application and its installation print, newest at the foot; it follows while one is at the foot. */
export function OutputPanel() {
  const { application } = useWorkbench();
  const lines = useWorkbenchState((state) => state.output);
  const status = useWorkbenchState((state) => state.application);
  const place = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const element = place.current;
    if (element && follows.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  const printed = lines.filter((line) => line.text !== "" || line.stream !== "system");
  if (!status) return <Skeleton rows={4} label="Reading the output" />;
  return (
    <div className="wb-output-panel">
      <p className="wb-output-state">
        <code>{status.command ?? "no command"}</code>
        <span className="ff-muted">{status.reason || status.found_by}</span>
      </p>
      {printed.length === 0 ? (
        <EmptyState title="Nothing printed yet" action={status.state === "stopped" && <Button onClick={() => application.act("start")}>Start application</Button>}>
          What the application prints appears here.
        </EmptyState>
      ) : (
        <div
          ref={place}
          className="wb-output"
          role="log"
          aria-label="Application output"
          // A region that scrolls must be reachable by key.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          data-focus=""
          onScroll={({ currentTarget }) => {
            follows.current = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < 24;
          }}
        >
          {printed.slice(-SHOWN).map((line) => (
            <Line key={line.seq} line={line} />
          ))}
        </div>
      )}
    </div>
  );
}

function Line({ line }: { line: OutputLine }) {
  return (
    <div className={`wb-line wb-line-${line.stream}`}>
      {spansOf(line.text).map((span, index) => (
        <span key={index} className={span.className || undefined}>
          {span.text}
        </span>
      ))}
    </div>
  );
}
