/** What the list of projects shows: which of them, in which order, and what an event changes. */
import type { Job, JobState, Project, SandboxState, ServerEvent, Step } from "../shared/api";

/** Each word of the query stands somewhere in the name, the owner or the description. */
export function matching(projects: readonly Project[], query: string): Project[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return projects.filter((project) => {
    const text = `${project.owner}/${project.name} ${project.description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function newestFirst(projects: readonly Project[]): Project[] {
  return [...projects].sort((a, b) => b.last_change.at.localeCompare(a.last_change.at));
}

export function jobEnded(state: JobState): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

export function runningStep(job: Job): Step | undefined {
  return job.steps.find((step) => step.state === "running") ?? job.steps.find((step) => step.state === "queued");
}

interface SandboxChanged extends Pick<Project, "freezes_at" | "stops_at"> {
  project_id: string;
  state: SandboxState;
  reason: string;
}

/** Puts a sandbox's new state into the list; null where the event is about none of it. */
export function withSandbox(projects: readonly Project[], event: ServerEvent): Project[] | null {
  const { project_id: id, state, reason, freezes_at, stops_at } = event.data as unknown as SandboxChanged;
  if (!projects.some((project) => project.id === id)) return null;
  const change = { sandbox: state, sandbox_reason: reason, freezes_at, stops_at };
  return projects.map((project) => (project.id === id ? { ...project, ...change } : project));
}

/** The job of an event, which carries all that changes in one. */
export function jobOf(event: ServerEvent, known: Job | undefined): Job {
  const { job_id, project_id, kind, state, steps, error } = event.data as unknown as Job & { job_id: string };
  const now = new Date().toISOString();
  const ended = jobEnded(state) ? (known?.finished_at ?? now) : null;
  return { id: job_id, project_id, kind, state, steps, error, created_at: known?.created_at ?? now, finished_at: ended };
}

export function mayManage(project: Project): boolean {
  return project.role === "owner" || project.role === "maintainer";
}
