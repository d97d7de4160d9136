import { useMemo, type ReactNode } from "react";
import { CopyButton, ErrorState, RelativeTime, Skeleton } from "../../shared/components";
import { Loaded, useLoaded } from "../../shared/Loaded";
import type { BuildsApi } from "../api";
import type { Place } from "../place";
import type { Build, Explanation } from "../types";
import { sayQueueTime, sayTrigger } from "../words";
import { Changes } from "./Changes";

/** Everything else there is to know of a build: what it came from, what it was told to do and why, what it made. */
export function Details({ place, build }: { place: Place; build: Build }) {
  return (
    <div className="details">
      <section aria-labelledby="facts-title">
        <h2 id="facts-title">Build {build.number}</h2>
        <dl className="facts">{factsOf(build).map(([name, value]) => (value ? <Fact key={name} name={name} value={value} /> : null))}</dl>
        <Changes place={place} build={build} isOpen />
      </section>
      <Plan api={place.api} build={build} />
    </div>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function factsOf(build: Build): [string, ReactNode][] {
  const time = (at: string | null): ReactNode => at && <RelativeTime at={at} />;
  return [
    ["Why", sayTrigger(build)],
    ["Branch", build.branch],
    ["Commit", <code key="commit">{build.commit}</code>],
    ["Author", build.author],
    ["Code of", build.trust === "fork" ? "a fork: without secrets, its artifact shared with nobody" : ""],
    ["Waited", sayQueueTime(build)],
    ["Started", time(build.started_at)],
    ["Ended", time(build.ended_at)],
    ["Configured by", build.configured_by ?? (build.started_at ? "what its files show" : "")],
    ["Artifact", build.artifact && <Digest digest={build.artifact} />],
    ["Made by", build.reused_from && "an earlier build of the same content, which was used again"],
    ["Sandbox", build.kept_until && <>kept, goes {time(build.kept_until)}</>],
  ];
}

function Digest({ digest }: { digest: string }) {
  return (
    <span className="digest">
      <code title={digest}>{digest}</code>
      <CopyButton text={digest} kind="quiet" />
    </span>
  );
}

function Plan({ api, build }: { api: BuildsApi; build: Build }) {
  const plan = useMemo(() => new Loaded(() => api.explain(build.id)), [api, build.id]);
  const { value, problem } = useLoaded(plan);
  return (
    <section aria-labelledby="plan-title">
      <h2 id="plan-title">What it does, and why</h2>
      {value ? <Parts plan={value} /> : problem ? <ErrorState problem={problem} onRetry={() => plan.load()} /> : <Skeleton rows={4} label="Reading the plan" />}
    </section>
  );
}

function Parts({ plan }: { plan: Explanation }) {
  const versions = Object.entries(plan.versions).map(([name, version]) => `${name} ${version}`);
  const parts: [string, string, readonly string[]][] = [
    ["family", "It is", plan.family ? [plan.family] : []],
    ["runtime", "On", plan.runtime ? [plan.runtime] : []],
    ["versions", "Versions", versions],
    ["install", "Install", plan.install],
    ["build", "Build", plan.build],
    ["test", "Test", plan.test],
    ["run", "Run", plan.run],
    ["port", "Port", plan.port === null ? [] : [String(plan.port)]],
    ["folder", "Shows", plan.folder === null ? [] : [plan.folder]],
  ];
  const known = parts.filter(([, , lines]) => lines.length > 0);
  if (known.length === 0) return <p className="ff-muted">{plan.notes[0] ?? "Nothing was found that could be built."}</p>;
  return (
    <>
      <dl className="facts">
        {known.map(([key, name, lines]) => (
          <Fact
            key={key}
            name={name}
            value={
              <>
                {lines.map((line) => (
                  <code key={line} className="plan-line">
                    {line}
                  </code>
                ))}
                {plan.why[key] && <span className="plan-why">{plan.why[key]}</span>}
              </>
            }
          />
        ))}
      </dl>
      {plan.notes.map((note) => (
        <p key={note} className="ff-muted plan-note">
          {note}
        </p>
      ))}
    </>
  );
}
