import { GitBranch, GitCommitHorizontal, GitPullRequest } from "lucide-react";
import type { ReactNode } from "react";
import { CopyIcon, RelativeTime, sayDuration } from "../../shared/components";
import { stayHere } from "../../shared/router";
import { StateMark } from "../StateMark";
import type { Build } from "../types";
import { useSecond } from "../useSecond";
import { elapsed, lookOf, sayPlace, sayQueueTime, sayTrigger, shortCommit } from "../words";
import { SiteLink } from "./SiteLink";

const WORTH_TELLING = 5_000;

/** What was built, by whose wish, how it stands, and where its site is. `builds`: the address of all builds. */
export function Head({ build, builds, actions }: { build: Build; builds: string; actions: ReactNode }) {
  return (
    <header className="build-head">
      <div className="build-title">
        <h1 dir="auto">{build.subject || `Build of ${build.branch}`}</h1>
        {actions}
      </div>
      <p className="build-facts">
        <StateMark {...lookOf(build.state)} withWord />
        <span>
          #{build.number} · {sayTrigger(build)} <RelativeTime at={build.created_at} />
        </span>
        <span className="build-fact">
          {build.pull_request === null ? <GitBranch size={14} aria-hidden /> : <GitPullRequest size={14} aria-hidden />}
          <a href={`${builds}?ref=${encodeURIComponent(build.ref)}`} title="All builds of this branch" onClick={stayHere}>
            <bdi>{build.branch}</bdi>
          </a>
        </span>
        <span className="build-fact" title={build.commit}>
          <GitCommitHorizontal size={14} aria-hidden />
          <code>{shortCommit(build.commit)}</code>
          <CopyIcon text={build.commit} label="Copy the commit" />
        </span>
        <Times build={build} />
      </p>
      {build.site && build.site.state !== "failed" && <SiteLink site={build.site} />}
      {build.reason && !build.failure && build.state !== "succeeded" && <p className="ff-muted">{build.reason}</p>}
    </header>
  );
}

/** The place in the queue, then how long it waited and takes. */
function Times({ build }: { build: Build }) {
  const runs = build.state === "running" || build.state === "queued";
  const now = useSecond(runs);
  const took = elapsed(build, now);
  const waited = sayQueueTime(build);
  if (build.state === "queued") {
    const since = build.queued_at ? now.getTime() - new Date(build.queued_at).getTime() : 0;
    return (
      <span role="status">
        {build.queue ? sayPlace(build.queue) : "queued"}, waiting for {sayDuration(since)}
      </span>
    );
  }
  if (took === null) return null;
  return (
    <span title={waited ? `It waited ${waited} in the queue` : undefined}>
      {build.state === "running" ? "for" : "took"} {sayDuration(took)}
      {waited && hasWaited(build) && <span className="ff-faint"> after {waited} in the queue</span>}
    </span>
  );
}

/** Long enough to be told. */
function hasWaited({ queued_at: queued, started_at: started }: Build): boolean {
  return Boolean(queued && started && new Date(started).getTime() - new Date(queued).getTime() >= WORTH_TELLING);
}
