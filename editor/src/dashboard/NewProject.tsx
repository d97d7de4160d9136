import { FileArchive, FolderGit2, GitBranch, LayoutTemplate } from "lucide-react";
import { Suspense, useRef, useState, type KeyboardEvent } from "react";
import type { Account, CreatedProject } from "../shared/api";
import { Dialog, Skeleton } from "../shared/components";
import { lazily } from "../shared/lazily";
import { FromArchive } from "./FromArchive";
import { FromGit } from "./FromGit";
import { FromTemplate } from "./FromTemplate";
import { JobSteps } from "./JobSteps";
import { loadProjects, rememberJob, useDashboard } from "./store";

const FromProvider = lazily(() => import("../linking/FromProvider"));

export type Source = "template" | "provider" | "git" | "archive";

const SOURCES = [
  { id: "template" as const, label: "Template", Icon: LayoutTemplate },
  { id: "provider" as const, label: "GitHub and others", Icon: GitBranch },
  { id: "git" as const, label: "Git repository", Icon: FolderGit2 },
  { id: "archive" as const, label: "Archive", Icon: FileArchive },
];

interface Props {
  user: Account;
  source: Source;
  onClose: () => void;
}

/** What each of the ways is given. */
export interface WayProps {
  taken: ReadonlySet<string>;
  onCreated: (created: CreatedProject) => void;
}

export function NewProject({ user, source: first, onClose }: Props) {
  const [source, setSource] = useState<Source>(first);
  const [created, setCreated] = useState<CreatedProject | null>(null);
  const projects = useDashboard((state) => state.projects.items);
  const taken = new Set(projects.filter(({ owner }) => owner === user.name).map(({ name }) => name));
  const onCreated = (project: CreatedProject) => {
    if (!project.job) {
      location.assign(`/app/${project.owner}/${project.name}`);
      return;
    }
    rememberJob(project.job);
    setCreated(project);
    void loadProjects();
  };
  if (created?.job) return <JobSteps project={created} job={created.job} onClose={onClose} />;
  const Way = { template: FromTemplate, provider: FromProvider, git: FromGit, archive: FromArchive }[source];
  return (
    <Dialog title="New project" width="large" onClose={onClose}>
      <Tabs source={source} onChange={setSource} />
      <div role="tabpanel" id="way" aria-labelledby={`way-${source}`} className="way-panel">
        <Suspense fallback={<Skeleton rows={5} label="Loading" />}>
          <Way taken={taken} onCreated={onCreated} />
        </Suspense>
      </div>
    </Dialog>
  );
}

function Tabs({ source, onChange }: { source: Source; onChange: (source: Source) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = SOURCES.findIndex(({ id }) => id === source);
    const next = (at + step + SOURCES.length) % SOURCES.length;
    onChange(SOURCES[next]?.id ?? source);
    list.current?.querySelectorAll("button")[next]?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label="Where it comes from" tabIndex={-1} ref={list} onKeyDown={onKeyDown}>
      {SOURCES.map(({ id, label, Icon }) => (
        <button
          key={id}
          id={`way-${id}`}
          type="button"
          role="tab"
          aria-selected={id === source}
          aria-controls="way"
          tabIndex={id === source ? 0 : -1}
          onClick={() => onChange(id)}
        >
          <Icon size={16} aria-hidden /> {label}
        </button>
      ))}
    </div>
  );
}
