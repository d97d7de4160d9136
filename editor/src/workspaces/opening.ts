import { asProblem, Problem } from "../shared/api";
import type { WorkspacesApi } from "./api";

const PAUSE = 400;
const wait = (): Promise<void> => new Promise((done) => setTimeout(done, PAUSE));

/** The editor's address of one's own workspace where there is one that is ready; undefined where there is none. */
export async function findOwn(api: WorkspacesApi, me: string): Promise<string | undefined> {
  try {
    const found = await api.find(me);
    return found.ready ? found.urls.editor : undefined;
  } catch (thrown) {
    if (asProblem(thrown).status === 404) return undefined;
    throw thrown;
  }
}

/** Opens one's own workspace; its address once the files are in it. Throws the problem, or what the job failed with. */
export async function openOwn(api: WorkspacesApi, onStep: (step: string) => void, rest: () => Promise<void> = wait): Promise<string> {
  const { job: begun, urls } = await api.open();
  for (let job = begun; job; job = await api.job(job.id)) {
    if (job.state === "succeeded") break;
    if (job.state === "failed" || job.state === "cancelled") throw new Problem(409, "urn:firefly:job", "It was not opened", job.error ?? "The workspace could not be opened.");
    onStep(job.steps.find((step) => step.state === "running")?.name ?? "Waiting for its turn");
    await rest();
  }
  return urls.editor;
}
