/** Who waits for an answer, in all projects of this account: the list, and what events and answers make of it. */
import { create } from "zustand";
import { asProblem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { AccessApi, listWaiting } from "./api";
import { MISSED } from "./heard";
import type { AccessRequest, Reply, Shared, Waiting } from "./types";

/** A code that answers a request, until it was read out. */
export interface Answered {
  name: string;
  code: string;
}

interface Desk {
  waiting: readonly Waiting[];
  /** Put off: they are counted, but no notice shows them. */
  later: ReadonlySet<string>;
  codes: Readonly<Record<string, Answered>>;
}

export const useDesk = create<Desk>(() => ({ waiting: [], later: new Set(), codes: {} }));

/** Requests that this page has answered: neither the event about them nor a list that is older is news. */
const mine = new Set<string>();
const ANSWERED: Record<string, string> = { allowed: "was let in", denied: "was denied", coded: "got a code" };

export async function loadDesk(): Promise<void> {
  const waiting = await listWaiting().catch(() => null);
  // What is shown stays when nothing is known: each event brings its own request.
  if (waiting) useDesk.setState({ waiting: waiting.filter(({ request }) => !mine.has(request.id)) });
}

/** Takes over what a project's own page knows. */
export function learn({ id, owner, name }: Pick<Shared, "id" | "owner" | "name">, requests: readonly AccessRequest[]): void {
  const others = useDesk.getState().waiting.filter(({ project_id }) => project_id !== id);
  const own = requests.filter((request) => !mine.has(request.id));
  useDesk.setState({ waiting: [...others, ...own.map((request) => ({ project_id: id, owner, name, request }))] });
}

export function hear(kind: string, data: Record<string, unknown>): void {
  if (kind === MISSED) void loadDesk();
  else if (kind === "access.requested") add(data as unknown as Waiting);
  else if (kind === "access.answered") answered(String(data["request_id"]), String(data["state"]));
}

function add(one: Waiting): void {
  const others = without(one.request.id);
  useDesk.setState({ waiting: [...others, one] });
}

function answered(id: string, state: string): void {
  const found = useDesk.getState().waiting.find(({ request }) => request.id === id);
  if (!found || mine.has(id)) return;
  useDesk.setState({ waiting: without(id) });
  showToast(`${found.request.name} ${ANSWERED[state] ?? "was answered"} already.`);
}

function without(id: string): Waiting[] {
  return useDesk.getState().waiting.filter(({ request }) => request.id !== id);
}

/** Of one project, or of all; without what was put off. */
export function shownOf({ waiting, later }: Pick<Desk, "waiting" | "later">, projectId?: string): Waiting[] {
  return of(waiting, projectId).filter(({ request }) => !later.has(request.id));
}

export function of(waiting: readonly Waiting[], projectId?: string): Waiting[] {
  return waiting.filter(({ project_id }) => projectId === undefined || project_id === projectId);
}

export function putOff(requests: readonly Waiting[]): void {
  useDesk.setState(({ later }) => ({ later: new Set([...later, ...requests.map(({ request }) => request.id)]) }));
}

/** The request is gone at once, and back if the answer did not reach the server. */
export async function answer(one: Waiting, reply: Reply, api = new AccessApi(one)): Promise<void> {
  const { id, name } = one.request;
  mine.add(id);
  useDesk.setState({ waiting: without(id) });
  try {
    const { code } = await api.answer(id, reply);
    if (code !== null) useDesk.setState(({ codes }) => ({ codes: { ...codes, [id]: { name, code } } }));
    else showToast(reply.answer === "allow" ? `${name} can see the preview for ${sayHours(reply.hours)}.` : `${name} is not told, and may ask again.`);
  } catch (thrown) {
    const problem = asProblem(thrown);
    // What somebody else has answered, or has expired, is over.
    if (problem.status !== 404) {
      mine.delete(id);
      add(one);
    }
    showToast(problem.detail, { kind: "problem" });
  }
}

export function forgetCode(id: string): void {
  useDesk.setState(({ codes }) => ({ codes: Object.fromEntries(Object.entries(codes).filter(([key]) => key !== id)) }));
}

export const HOURS = [1, 8, 24, 168] as const;

export function sayHours(hours: number): string {
  if (hours === 1) return "an hour";
  if (hours === 24) return "a day";
  return hours === 168 ? "a week" : `${hours} hours`;
}
