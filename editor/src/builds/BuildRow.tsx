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
        <a className="build-row-link" dir="auto" href={place.link("builds", build.number)} onClick={stayHere} title={build.subject}>
          {build.subject || `Build of ${build.branch}`}
        </a>
        <span className="build-row-hint">
          #{build.number} · {sayStanding(build)} · <span className="build-row-trigger">{sayTrigger(build)} </span>
          <span className="build-row-where">
            <bdi>{build.branch}</bdi> ·{" "}
          </span>
          <RelativeTime at={build.created_at} />
        </span>
      </div>
      <span className="build-row-branch" title={build.branch}>
        {build.pull_request === null ? <GitBranch size={14} aria-hidden /> : <GitPullRequest size={14} aria-hidden />}
        <bdi>{build.branch}</bdi>
      </span>
      <code className="build-row-commit" title={build.commit}>
        {shortCommit(build.commit)}
      </code>
      <Took build={build} />
    </li>
  );
}

/** "5th in the queue", "Failed: the disk is full", "Succeeded". */
function sayStanding({ state, queue, failure }: Build): string {
  const { word } = lookOf(state);
  if (state === "queued" && queue) return sayPlace({ ...queue, ahead_of_project: 0 });
  const cause = failure?.cause.replace(/\.$/, "") ?? "";
  return cause && cause !== word ? `${word}: ${cause}` : word;
}

function Took({ build }: { build: Build }) {
  const took = elapsed(build, useSecond(build.state === "running"));
  return <span className="build-row-took">{took === null ? "" : sayDuration(took)}</span>;
}
