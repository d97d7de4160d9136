import { Moon } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import { lastWritten, spansOf } from "../../shared/ansi";
import { Button, EmptyState, Skeleton } from "../../shared/components";
import type { Build } from "../types";
import { dotOfSite } from "./SiteLink";
import { SiteOutput, type OutputLine } from "./SiteOutput";

/** What the site itself prints, beside the log of its build. One that sleeps is not woken by looking here. */
export function OutputTab({ build }: { build: Build }) {
  const [wakes, setWakes] = useState(false);
  const { site } = build;
  if (!site || site.state === "removed") return <EmptyState title="Nothing shows this build">A build that succeeded has a site; what that prints appears here.</EmptyState>;
  if (dotOfSite(site) === "running" || wakes) return <Output key={build.id} id={build.id} />;
  return (
    <EmptyState icon={<Moon size={20} aria-hidden />} title="The site does not run" action={site.state === "live" && <Button onClick={() => setWakes(true)}>Wake it</Button>}>
      {site.state === "live" ? "It sleeps until somebody opens it. What it prints then appears here." : site.reason}
    </EmptyState>
  );
}

function Output({ id }: { id: string }) {
  const output = useMemo(() => new SiteOutput(id), [id]);
  const { state, lines } = useStore(output.store);
  const place = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => output.open(), [output]);
  useEffect(() => {
    const element = place.current;
    if (element && follows.current) element.scrollTo(0, element.scrollHeight);
  }, [lines]);
  if (state === "opening") return <Skeleton rows={6} label="Reading what the site prints" />;
  return (
    <section className="output" aria-label="Output of the site">
      {state === "lost" && (
        <p className="output-note" role="status">
          The connection is lost. It goes on as soon as the site answers.
        </p>
      )}
      {/* A region that scrolls must be reachable by key. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div ref={place} className="output-lines" role="log" aria-label="What the site prints" tabIndex={0} onScroll={({ currentTarget }) => (follows.current = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < 24)}>
        {lines.length === 0 ? <p className="ff-muted">It has printed nothing yet.</p> : lines.map((line) => <Line key={line.seq} line={line} />)}
      </div>
    </section>
  );
}

function Line({ line }: { line: OutputLine }) {
  return (
    <div className={`output-line output-${line.stream}`}>
      {spansOf(lastWritten(line.text)).map((span, at) => (
        <span key={at} className={span.className || undefined}>
          {span.text}
        </span>
      ))}
    </div>
  );
}
