/** The dashboard's state, and all that changes it: calls, events, what the user does. */
import { create } from "zustand";
import { Api, asProblem, EventStream, type Job, type Problem, type Project, type ServerEvent } from "../shared/api";
import { showToast } from "../shared/components";
import { BUILD_KINDS } from "../builds/heard";
import { byProject, OverviewApi } from "../builds/overview";
import type { Build } from "../builds/types";
import { ACCESS_KINDS, MISSED, tellAccess } from "../sharing/heard";
import { jobEnded, jobOf, newestFirst, withSandbox } from "./list";

interface Loaded<Item> {
  items: Item[];
  state: "loading" | "ready" | "problem";
  problem: Problem | null;
}

interface State {
  projects: Loaded<Project>;
  bin: Loaded<Project>;
  /** The newest job of each project that is being filled. */
  jobs: Record<string, Job>;
  /** What runs or is queued, by `owner/name`. */
  builds: Record<string, Build>;
  /** The name that was chosen while this page is open; null: it is still the one it came with. */
  displayName: string | null;
}

const nothing = { items: [], state: "loading" as const, problem: null };

export const useDashboard = create<State>(() => ({ projects: nothing, bin: nothing, jobs: {}, builds: {}, displayName: null }));

export const api = new Api();
const overview = new OverviewApi();

const LISTS_CHANGE_BY = ["project.created", "project.changed", "project.deleted", "project.restored", "members.changed"];
const KINDS = [...LISTS_CHANGE_BY, ...ACCESS_KINDS, ...BUILD_KINDS, "sandbox.changed", "job.changed", "push.recorded", "account.changed"];
const GATHER = 120;

/** Counts looks and changes: an answer that either has overtaken is not shown. */
const turns = { projects: 0, bin: 0 };

async function load(list: "projects" | "bin"): Promise<void> {
  const turn = ++turns[list];
  try {
    const { items } = await api.allProjects({ deleted: list === "bin" });
    if (turn !== turns[list]) return;
    useDashboard.setState({ [list]: { items: list === "bin" ? items : newestFirst(items), state: "ready", problem: null } });
  } catch (thrown) {
    if (turn !== turns[list]) return;
    const before = useDashboard.getState()[list];
    // What is already shown stays: the stream says when to try again.
    if (before.state !== "ready") useDashboard.setState({ [list]: { ...before, state: "problem", problem: asProblem(thrown) } });
  }
}

export async function loadProjects(): Promise<void> {
  await load("projects");
}

export async function loadBin(): Promise<void> {
  await load("bin");
}

async function loadJobs(): Promise<void> {
  try {
    const { items } = await api.jobs();
    const shown = [...items].reverse().filter((job) => job.state !== "succeeded" && job.state !== "cancelled");
    useDashboard.setState({ jobs: Object.fromEntries(shown.map((job) => [job.project_id, job])) });
  } catch {
    // The rows are complete without; job events bring what runs.
  }
}

async function loadBuilds(): Promise<void> {
  try {
    useDashboard.setState({ builds: byProject(await overview.mine()) });
  } catch {
    // The rows are complete without; the next event brings what is built.
  }
}

let gatheringBuilds: ReturnType<typeof setTimeout> | undefined;

function loadBuildsSoon(): void {
  clearTimeout(gatheringBuilds);
  gatheringBuilds = setTimeout(() => void loadBuilds(), GATHER);
}

let gathering: ReturnType<typeof setTimeout> | undefined;

/** Several events come at once when one thing changes: one load answers them all. */
function loadSoon(): void {
  clearTimeout(gathering);
  gathering = setTimeout(() => void Promise.all([loadProjects(), loadBin()]), GATHER);
}

export function receive(event: ServerEvent): void {
  if (event.kind === "sandbox.changed") {
    const { projects } = useDashboard.getState();
    const items = withSandbox(projects.items, event);
    if (items) useDashboard.setState({ projects: { ...projects, items } });
  } else if (event.kind === "job.changed") {
    const { jobs } = useDashboard.getState();
    rememberJob(jobOf(event, jobs[String(event.data["project_id"])]));
  } else if (event.kind === "account.changed") {
    useDashboard.setState({ displayName: String(event.data["display_name"]) });
  } else if (event.kind === "build.changed") loadBuildsSoon();
  else if (BUILD_KINDS.includes(event.kind)) return;
  else if (ACCESS_KINDS.includes(event.kind)) tellAccess(event.kind, event.data);
  else loadSoon();
}

export function rememberJob(job: Job): void {
  useDashboard.setState(({ jobs }) => ({ jobs: { ...jobs, [job.project_id]: job } }));
  if (jobEnded(job.state)) loadSoon();
}

/** Loads everything and stays in step. Returns how to stop. */
export function begin(): () => void {
  const loadAll = () => {
    tellAccess(MISSED);
    void Promise.all([loadProjects(), loadBin(), loadJobs(), loadBuilds()]);
  };
  loadAll();
  const stream = new EventStream({
    kinds: KINDS,
    onEvent: receive,
    onReset: loadAll,
    onOpen: () => {
      tellAccess(MISSED);
      loadSoon();
      loadBuildsSoon();
    },
  });
  return () => {
    stream.close();
    clearTimeout(gathering);
    clearTimeout(gatheringBuilds);
  };
}

/** Runs a call for the user; a problem is told, not thrown. */
export async function attempt<Answer>(call: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await call();
  } catch (thrown) {
    showToast(asProblem(thrown).detail, { kind: "problem" });
    return null;
  }
}

export async function deleteProject(project: Project): Promise<void> {
  if (!(await attempt(() => api.deleteProject(project)))) return;
  dropRow("projects", project);
  showToast(`${project.name} is in the bin for 30 days.`, { undo: () => void restoreProject(project) });
}

export async function restoreProject(project: Project): Promise<void> {
  const restored = await attempt(() => api.restoreProject(project));
  if (!restored) return;
  dropRow("bin", project);
  await loadProjects();
  showToast(`${restored.name} is back.`);
}

function dropRow(list: "projects" | "bin", project: Project): void {
  const before = useDashboard.getState()[list];
  turns[list] += 1;
  loadSoon();
  useDashboard.setState({ [list]: { ...before, items: before.items.filter(({ id }) => id !== project.id) } });
}

export async function toggleSandbox(project: Project): Promise<void> {
  if (project.sandbox === "running" || project.sandbox === "frozen") await attempt(() => api.stopSandbox(project));
  else await attempt(() => api.startSandbox(project));
  await loadProjects();
}

export async function cancelJob(job: Job): Promise<void> {
  const cancelled = await attempt(() => api.cancelJob(job.id));
  if (cancelled) rememberJob(cancelled);
}
