import { useEffect, useMemo, useRef } from "react";
import { useStore } from "zustand";
import { lastWritten, spansOf } from "../../shared/ansi";
import { Skeleton } from "../../shared/components";
import type { LogLine, Site } from "../types";
import { saySite } from "../words";
import { SiteOutput } from "./SiteOutput";

/** What the site itself prints, beside the log of its build. Looking here wakes nothing. */
export function OutputTab({ buildId, site }: { buildId: string; site: Site }) {
  if (!site.is_pages) return <Output buildId={buildId} site={site} />;
  return (
    <section className="output" aria-label="Output of the site">
      <p className="output-note" role="status">
        This site is nothing but pages: Firefly serves them itself, so there is no process that could print something. What made them is in the log.
      </p>
    </section>
  );
}

function Output({ buildId, site }: { buildId: string; site: Site }) {
  const output = useMemo(() => new SiteOutput(buildId), [buildId]);
  const { state, lines } = useStore(output.store);
  const place = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => output.open(), [output]);
  useEffect(() => {
    const element = place.current;
    if (element && follows.current) element.scrollTo(0, element.scrollHeight);
  }, [lines]);
  if (state === "opening") return <Skeleton rows={6} label="Reading what the site prints" />;
  const note = state === "lost" ? "The connection is lost. It goes on as soon as the server answers." : site.state === "live" && site.sandbox_state === "running" ? "" : `${saySite(site)}. This is what it printed last.`;
  return (
    <section className="output" aria-label="Output of the site">
      {note && (
        <p className="output-note" role="status">
          {note}
        </p>
      )}
      {/* A region that scrolls must be reachable by key. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div ref={place} className="output-lines" role="log" aria-label="What the site prints" tabIndex={0} onScroll={({ currentTarget }) => (follows.current = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < 24)}>
        {lines.length === 0 ? <p className="ff-muted">It has printed nothing yet.</p> : lines.map((line) => <Line key={line.n} line={line} />)}
      </div>
    </section>
  );
}

function Line({ line }: { line: LogLine }) {
  return (
    <div className={`output-line output-${line.stream}`} title={new Date(line.at).toLocaleString()}>
      {spansOf(lastWritten(line.text)).map((span, at) => (
        <span key={at} className={span.className || undefined}>
          {span.text}
        </span>
      ))}
    </div>
  );
}
