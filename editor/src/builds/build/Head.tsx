import { GitBranch, GitCommitHorizontal, GitPullRequest } from "lucide-react";
import type { ReactNode } from "react";
import { RelativeTime, sayDuration } from "../../shared/components";
import { StateMark } from "../StateMark";
import type { Build } from "../types";
import { useSecond } from "../useSecond";
import { elapsed, lookOf, sayPlace, sayQueueTime, sayTrigger, shortCommit } from "../words";
import { SiteLink } from "./SiteLink";

/** What was built, by whose wish, how it stands, and where its site is. */
export function Head({ build, actions }: { build: Build; actions: ReactNode }) {
  return (
    <header className="build-head">
      <div className="build-title">
        <h1>{build.subject || `Build of ${build.branch}`}</h1>
        {actions}
      </div>
      <p className="build-facts">
        <StateMark {...lookOf(build.state)} withWord />
        <span>
          #{build.number} · {sayTrigger(build)} <RelativeTime at={build.created_at} />
        </span>
        <span className="build-fact">
          {build.pull_request === null ? <GitBranch size={14} aria-hidden /> : <GitPullRequest size={14} aria-hidden />}
          {build.branch}
        </span>
        <span className="build-fact" title={build.commit}>
          <GitCommitHorizontal size={14} aria-hidden />
          <code>{shortCommit(build.commit)}</code>
        </span>
        <Times build={build} />
      </p>
      {build.site && <SiteLink site={build.site} />}
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
      {waited && <span className="ff-faint"> after {waited} in the queue</span>}
    </span>
  );
}
