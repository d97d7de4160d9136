import { GitBranch, GitPullRequest } from "lucide-react";
import { RelativeTime, sayDuration } from "../shared/components";
import { stayHere } from "../shared/router";
import type { Place } from "./place";
import { StateMark } from "./StateMark";
import type { Build } from "./types";
import { useSecond } from "./useSecond";
import { elapsed, lookOf, sayPlace, sayTrigger, shortCommit } from "./words";

export function BuildRow({ build, place }: { build: Build; place: Place }) {
  return (
    <li className="build-row">
      <StateMark {...lookOf(build.state)} size={18} />
      <div className="build-row-text">
        <a className="build-row-link" href={place.link("builds", build.number)} onClick={stayHere}>
          {build.subject || `Build of ${build.branch}`}
        </a>
        <span className="build-row-hint">
          #{build.number} · {lookOf(build.state).word}
          {build.failure ? `: ${build.failure.cause}` : ""} · {sayTrigger(build)} <RelativeTime at={build.created_at} />
        </span>
      </div>
      <span className="build-row-branch">
        {build.pull_request === null ? <GitBranch size={14} aria-hidden /> : <GitPullRequest size={14} aria-hidden />}
        <span>{build.branch}</span>
      </span>
      <code className="build-row-commit" title={build.commit}>
        {shortCommit(build.commit)}
      </code>
      <Took build={build} />
    </li>
  );
}

function Took({ build }: { build: Build }) {
  const runs = build.state === "running";
  const took = elapsed(build, useSecond(runs));
  return <span className="build-row-took">{build.state === "queued" && build.queue ? sayPlace(build.queue) : took === null ? "" : sayDuration(took)}</span>;
}
