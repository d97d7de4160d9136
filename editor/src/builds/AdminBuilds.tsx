import { OctagonX } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Head } from "../account/Head";
import { NotYet } from "../account/NotYet";
import { asProblem } from "../shared/api";
import { type Figure, Figures, IconButton, RelativeTime, showToast, StaleNote } from "../shared/components";
import { Loaded, useLoaded } from "../shared/Loaded";
import { useKeptFocus } from "../shared/useKeptFocus";
import { ClearedAway } from "./ClearedAway";
import { KillDialog } from "./build/KillDialog";
import { onBuilds } from "./heard";
import { type Overview, OverviewApi } from "./overview";
import { StateMark } from "./StateMark";
import type { Build } from "./types";
import { lookOf, sayPlace, sayTrigger } from "./words";

const GATHER = 200;

const HEAD = { title: "Builds", hint: "What is being built just now, in all projects." };

/** For administrators: what is built just now, by whom, and what it cost this month. */
export function AdminBuilds() {
  const api = useMemo(() => new OverviewApi(), []);
  const now = useMemo(() => new Loaded(api.everything), [api]);
  const { value: shown, problem } = useLoaded(now);
  const box = useKeptFocus<HTMLElement>();
  const [asked, setAsked] = useState<Build | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = onBuilds(({ kind }) => {
      if (kind === "build.step") return;
      clearTimeout(timer);
      timer = setTimeout(() => void now.load(), GATHER);
    });
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [now]);
  if (!shown) return <NotYet {...HEAD} problem={problem} onRetry={() => now.load()} rows={6} />;
  const kill = async (build: Build): Promise<void> => {
    try {
      await api.kill(build.id);
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
    await now.load();
  };
  return (
    <div className="account account-wide">
      <Head {...HEAD} />
      <StaleNote problem={problem} />
      <Figures figures={figuresOf(shown)} narrow />
      <section ref={box} id="now" className="account-section" aria-label="On their way" tabIndex={-1}>
        <h2>On their way</h2>
        {shown.builds.length === 0 ? <p className="ff-muted">Nothing is built, and nothing waits.</p> : <ul className="items">{shown.builds.map((build) => <Row key={build.id} build={build} onKill={() => setAsked(build)} />)}</ul>}
      </section>
      <section id="minutes" className="account-section" aria-label="Minutes this month" tabIndex={-1}>
        <h2>Minutes this month</h2>
        {shown.minutes.length === 0 ? (
          <p className="ff-muted">Nobody built anything this month.</p>
        ) : (
          <dl className="minutes-list">
            {shown.minutes.map(({ owner, minutes }) => (
              <div key={owner}>
                <dt>{owner}</dt>
                <dd>{sayMinutes(minutes)}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      <ClearedAway />
      {asked && (
        <KillDialog
          title={`Kill build ${asked.number} of ${asked.project}?`}
          text="What it has done so far is lost; its log stays, and its members may build it again."
          onKill={() => kill(asked)}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  );
}

function sayMinutes(minutes: number): string {
  return minutes.toLocaleString("en", { maximumFractionDigits: 1 });
}

function figuresOf(shown: Overview): Figure[] {
  const minutes = shown.minutes.reduce((sum, one) => sum + one.minutes, 0);
  return [
    { name: "Running", value: String(shown.running), href: "#now" },
    { name: "Queued", value: String(shown.queued), href: "#now" },
    { name: "Wait for approval", value: String(shown.waiting) },
    { name: "Servers that build", value: String(shown.builders.length) },
    { name: "Minutes this month", value: sayMinutes(minutes), href: "#minutes" },
  ];
}

function Row({ build, onKill }: { build: Build; onKill: () => void }) {
  return (
    <li className="item">
      <StateMark {...lookOf(build.state)} />
      <div className="item-text">
        <a className="item-title" href={`/app/${build.project}/builds/${build.number}`}>
          {build.project} #{build.number}
        </a>
        <span className="item-hint">
          {build.queue ? sayPlace(build.queue) : lookOf(build.state).word} · {build.branch} · {sayTrigger(build)} <RelativeTime at={build.created_at} />
        </span>
      </div>
      <IconButton label={`Kill build ${build.number} of ${build.project}`} tooltip="above" icon={<OctagonX size={16} aria-hidden />} onClick={onKill} />
    </li>
  );
}
