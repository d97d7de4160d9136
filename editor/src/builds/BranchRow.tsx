import { ExternalLink, GitBranch, GitPullRequest, Hammer, Star } from "lucide-react";
import { IconButton, RelativeTime, StateDot } from "../shared/components";
import { enter, stayHere } from "../shared/router";
import type { Branches } from "./Branches";
import { dotOfSite } from "./build/SiteLink";
import type { Place } from "./place";
import { StateMark } from "./StateMark";
import type { Branch, Site } from "./types";
import { hostOf, lookOf, saySite, shortCommit } from "./words";

interface Props {
  branch: Branch;
  branches: Branches;
  place: Place;
}

export function BranchRow({ branch, branches, place }: Props) {
  const { role } = place.project;
  const mayBuild = role !== null && role !== "viewer";
  const mayManage = role === "owner" || role === "maintainer";
  const build = (): void =>
    void branches.build(branch).then((made) => {
      if (made) enter(place.link("builds", made.number));
    });
  return (
    <li className={branch.deleted ? "branch branch-deleted" : "branch"}>
      <div className="branch-name">
        {branch.pull_request ? <GitPullRequest size={16} aria-hidden /> : <GitBranch size={16} aria-hidden />}
        <div>
          <a className="branch-title" href={`${place.link("builds")}?ref=${encodeURIComponent(branch.ref)}`} title={`All builds of ${branch.branch}`} onClick={stayHere}>
            {branch.branch}
          </a>
          {branch.deleted && <span className="badge">deleted</span>}
          {branch.pull_request?.url ? (
            <a className="branch-hint" href={branch.pull_request.url} target="_blank" rel="noreferrer">
              {branch.pull_request.title || `Pull request ${branch.pull_request.number}`}
            </a>
          ) : (
            <span className="branch-hint" title={branch.subject}>
              <code>{shortCommit(branch.commit)}</code> <bdi>{branch.subject}</bdi>
            </span>
          )}
        </div>
      </div>
      <Newest branch={branch} place={place} />
      <BranchSite site={branch.site} />
      <div className="branch-tools">
        {mayManage && branch.site?.state === "live" && (
          <IconButton label={branch.is_demo ? `${branch.branch} is a demo: its site is never stopped for others` : `Make ${branch.branch} a demo`} aria-pressed={branch.is_demo} className="branch-demo" icon={<Star size={16} aria-hidden />} onClick={() => void branches.setDemo(branch, !branch.is_demo)} />
        )}
        {mayBuild && <IconButton label={`Build ${branch.branch}`} icon={<Hammer size={16} aria-hidden />} disabled={branch.deleted} onClick={build} />}
      </div>
    </li>
  );
}

function Newest({ branch: { newest, reason }, place }: { branch: Branch; place: Place }) {
  if (!newest) return <div className="branch-build ff-faint">{reason || "Not built"}</div>;
  return (
    <div className="branch-build">
      <StateMark {...lookOf(newest.state)} />
      <div>
        <a href={place.link("builds", newest.number)} onClick={stayHere}>
          {lookOf(newest.state).word} <span className="ff-faint">#{newest.number}</span>
        </a>
        <RelativeTime at={newest.ended_at ?? newest.created_at} />
      </div>
    </div>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });

function BranchSite({ site }: { site: Site | null }) {
  if (!site) return <div className="branch-site ff-faint">No site</div>;
  const sleeps = site.sandbox_state === "running" && site.stops_at;
  return (
    <div className="branch-site">
      <StateDot state={dotOfSite(site)} label={saySite(site)} />
      <div>
        {site.state === "live" ? (
          <a href={site.url} target="_blank" rel="noopener">
            <span>{hostOf(site.url)}</span> <ExternalLink size={14} aria-hidden />
          </a>
        ) : (
          <span className="ff-muted">{hostOf(site.url)}</span>
        )}
        <span className="branch-hint">{sleeps ? `Live, sleeps at ${clock.format(new Date(sleeps))}` : saySite(site)}</span>
      </div>
    </div>
  );
}
