import { Copy, Ellipsis, ExternalLink, GitBranch, GitFork, Globe, PencilLine, Play, Settings, Square, Trash2, Users } from "lucide-react";
import type { Account, Job, Project } from "../shared/api";
import { Button, dotOf, Menu, RelativeTime, sayState, showToast, StateDot, Tooltip, type MenuItem } from "../shared/components";
import { go } from "../shared/router";
import { StateMark } from "../builds/StateMark";
import type { Build } from "../builds/types";
import { lookOf } from "../builds/words";
import type { Asked } from "./Dashboard";
import { jobEnded, mayManage, runningStep } from "./list";
import { cancelJob, deleteProject, toggleSandbox, useDashboard } from "./store";

interface Props {
  project: Project;
  user: Account;
  onAsk: (asked: Asked) => void;
}

export function ProjectRow({ project, user, onAsk }: Props) {
  const job = useDashboard((state) => state.jobs[project.id]);
  const build = useDashboard((state) => state.builds[`${project.owner}/${project.name}`]);
  const filling = job && !jobEnded(job.state) ? job : null;
  const failed = job?.state === "failed" ? job : null;
  const work = filling ?? failed;
  const dot = filling ? "busy" : failed ? "failed" : dotOf(project.sandbox);
  const { sandbox: state, sandbox_reason: reason, freezes_at, stops_at } = project;
  return (
    <li className="row">
      <StateDot state={dot} label={filling ? "Importing" : failed ? "Import failed" : sayState({ state, reason, freezes_at, stops_at })} />
      <div className="row-name">
        <a className="project-link" href={editorOf(project)}>
          {project.owner !== user.name && <span className="row-owner">{project.owner} / </span>}
          {project.name}
        </a>
        {project.visibility === "public" && (
          <Tooltip text="Public: everyone can see it">
            <Globe size={14} aria-label="Public" className="row-public" />
          </Tooltip>
        )}
        {project.description && <span className="row-description">{project.description}</span>}
      </div>
      <div className="row-change">{work ? <Work job={work} name={project.name} onShow={() => onAsk({ about: "job", project })} /> : build ? <Building build={build} /> : <Change project={project} />}</div>
      <div className="row-tools">
        {filling ? (
          <Button kind="quiet" onClick={() => cancelJob(filling)}>
            Cancel
          </Button>
        ) : (
          <a className="row-preview" href={project.urls.preview} target="_blank" rel="noopener" aria-label={`Preview of ${project.name}`}>
            <span>Preview</span> <ExternalLink size={14} aria-hidden />
          </a>
        )}
        <Menu label={`More for ${project.name}`} trigger={<Ellipsis size={16} aria-hidden />} items={itemsFor(project, onAsk)} />
      </div>
    </li>
  );
}

function Change({ project }: { project: Project }) {
  if (project.archived_at) return <span className="row-what">Archived, since nobody used it. It comes back when it is opened.</span>;
  if (project.archives_at)
    return (
      <span className="row-what row-soon">
        Archived <RelativeTime at={project.archives_at} /> unless somebody opens it
      </span>
    );
  const { what, who, at } = project.last_change;
  return (
    <>
      <span className="row-what">{who ? `${who} ${what}` : what}</span>
      <RelativeTime at={at} />
    </>
  );
}

/** What is built just now stands for what changed last: that is most often why. */
function Building({ build }: { build: Build }) {
  return (
    <a className="row-build" href={`/app/${build.project}/builds/${build.number}`}>
      <StateMark {...lookOf(build.state)} size={14} withWord />
      <span className="row-what">
        #{build.number} of {build.branch}
      </span>
      <RelativeTime at={build.created_at} />
    </a>
  );
}

/** How its import goes, or why it failed; it leads to all steps, and there to trying again. */
function Work({ job, name, onShow }: { job: Job; name: string; onShow: () => void }) {
  return (
    <button type="button" className="row-work" title={job.error ?? undefined} onClick={onShow}>
      {job.state === "failed" ? <span className="row-what ff-bad">{job.error ?? "The import failed."}</span> : <Filling job={job} />}
      <span className="ff-hidden">Steps of the import of {name}</span>
    </button>
  );
}

function Filling({ job }: { job: Job }) {
  const step = runningStep(job);
  return (
    <>
      <span className="row-what" role="status">
        {step?.name ?? "Importing"}
        {step?.detail ? `: ${step.detail}` : "…"}
      </span>
      {step?.percent !== null && step?.percent !== undefined && <span>{step.percent} %</span>}
    </>
  );
}

function editorOf(project: Project): string {
  return `/app/${project.owner}/${project.name}`;
}

function itemsFor(project: Project, onAsk: (asked: Asked) => void): MenuItem[] {
  const runs = project.sandbox === "running" || project.sandbox === "frozen";
  const copyUrl = () =>
    void navigator.clipboard.writeText(project.urls.git).then(() => showToast("The git address is copied."));
  return [
    { label: "Open preview", icon: <ExternalLink size={16} />, href: project.urls.preview, newTab: true },
    { label: "Copy git address", icon: <Copy size={16} />, onSelect: copyUrl },
    {
      label: runs ? "Stop" : "Start",
      icon: runs ? <Square size={16} /> : <Play size={16} />,
      onSelect: () => void toggleSandbox(project),
      disabled: project.role === "viewer",
    },
    { label: "Remix…", icon: <GitFork size={16} />, onSelect: () => go(`/remix/${project.owner}/${project.name}`) },
    { label: "Share…", icon: <Users size={16} />, onSelect: () => onAsk({ about: "members", project }) },
    { label: "Branches and builds", icon: <GitBranch size={16} />, href: `${editorOf(project)}/branches` },
    { label: "Settings", icon: <Settings size={16} />, href: `${editorOf(project)}/settings` },
    {
      label: "Rename…",
      icon: <PencilLine size={16} />,
      onSelect: () => onAsk({ about: "rename", project }),
      disabled: !mayManage(project),
    },
    {
      label: "Delete",
      icon: <Trash2 size={16} />,
      danger: true,
      onSelect: () => void deleteProject(project),
      disabled: project.role !== "owner",
    },
  ];
}
