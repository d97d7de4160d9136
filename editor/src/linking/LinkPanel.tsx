import { CircleAlert, CircleCheck, Clock, ExternalLink } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import type { Job, Project } from "../shared/api";
import { Button, ErrorState, RelativeTime, Skeleton } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { EndButton } from "../sharing/EndButton";
import { MISSED, onAccess } from "../sharing/heard";
import { LinkingApi } from "./api";
import { DivergenceRow } from "./DivergenceRow";
import { ImportEnd } from "./ImportEnd";
import { LinkForm } from "./LinkForm";
import { LINK_KINDS } from "./heard";
import { ProjectLink } from "./ProjectLink";
import { ProposeForm } from "./ProposeForm";
import type { Link } from "./types";
import { branchOf, standingOf, TITLES } from "./words";
import "../sharing/sharing.css";
import "./linking.css";

const ICONS = { ok: CircleCheck, waits: Clock, bad: CircleAlert };

/** A project's link: how it stands, where both sides went on, and parting from it. */
export function LinkPanel({ project }: { project: Project }) {
  const { owner, name, id, role } = project;
  const link = useMemo(() => new ProjectLink(new LinkingApi(), { id, owner, name }), [id, owner, name]);
  useEffect(
    () => onAccess((kind, data) => (kind === MISSED || (LINK_KINDS.includes(kind) && data["project_id"] === id)) && void link.load()),
    [link, id],
  );
  const { value: shown, problem } = useLoaded(link);
  if (!shown) return problem ? <ErrorState problem={problem} onRetry={() => link.load()} /> : <Skeleton rows={3} label="Loading the link" />;
  const manages = role === "owner" || role === "maintainer";
  return (
    <div className="link">
      {shown.job && <Making job={shown.job} link={link} />}
      {shown.link && <Linked shown={shown.link} link={link} project={project} />}
      {!shown.link && !shown.job && (manages ? <LinkForm project={project} onLink={(given) => link.make(given)} /> : <p className="sh-hint">The project is linked to no repository elsewhere.</p>)}
    </div>
  );
}

function Making({ job, link }: { job: Job; link: ProjectLink }) {
  const running = job.steps.find(({ state }) => state === "running");
  if (job.state !== "failed") return <p role="status">{running ? `${running.name}…` : "Waiting for its turn…"}</p>;
  return (
    <div className="link-broken" role="alert">
      <p>{job.error}</p>
      <div className="sh-buttons">
        <ImportEnd job={job} onResumed={() => void link.load()} onUndone={() => (job.kind === "link" ? void link.load() : location.assign("/"))} />
      </div>
    </div>
  );
}

function Linked({ shown, link, project }: { shown: Link; link: ProjectLink; project: Project }) {
  const [busy, setBusy] = useState(false);
  const { label, tone, why } = standingOf(shown);
  const Icon = ICONS[tone];
  const title = TITLES[shown.provider];
  const edits = project.role !== null && project.role !== "viewer";
  const manages = project.role === "owner" || project.role === "maintainer";
  const compare = async (): Promise<void> => {
    setBusy(true);
    await link.compare();
    setBusy(false);
  };
  return (
    <>
      <div className="sh-row connection">
        <div className="sh-row-words">
          <span className="sh-row-title">
            <a href={shown.web_url} target="_blank" rel="noreferrer">
              {shown.repository} <ExternalLink size={14} aria-label="in a new tab" />
            </a>
            <span className="sh-way">
              at {title}, {shown.private ? "private" : "public"}
            </span>
          </span>
          <span className={`link-state link-${tone}`}>
            <Icon size={14} aria-hidden /> {label}
          </span>
          {why && <span className="sh-hint">{why}</span>}
          <span className="sh-hint">
            {shown.looked_at ? (
              <>
                Compared <RelativeTime at={shown.looked_at} />
              </>
            ) : (
              "Not compared yet"
            )}
            {shown.hook ? "" : `; ${title} does not tell of changes, its hook is missing`}
          </span>
        </div>
        {edits && (
          <Button busy={busy} onClick={() => compare()}>
            {busy ? "Comparing…" : "Compare now"}
          </Button>
        )}
        {manages && shown.state === "broken" && (
          <Button kind="primary" onClick={() => link.mend()}>
            Go on with my connection
          </Button>
        )}
        {project.role === "owner" && (
          <EndButton
            label={`Unlink ${shown.repository}`}
            text="Unlink"
            loss={`Pushes no longer go to ${shown.repository}, and its changes no longer come here. Both keep all they have; hook and key are removed there.`}
            onEnd={() => void link.unlink()}
          />
        )}
      </div>
      {shown.refs.length > 0 && (
        <ul className="sh-list" aria-label="Branches that differ">
          {shown.refs.map((one) => (
            <DivergenceRow key={one.ref} divergence={one} provider={shown.provider} mayChoose={edits} onChoose={(choice) => void link.resolve(branchOf(one), choice)} />
          ))}
        </ul>
      )}
      {edits && shown.state !== "linking" && <ProposeForm link={link} base={shown.default_branch} />}
    </>
  );
}
