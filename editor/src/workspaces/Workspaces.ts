/** The workspaces of one project, and discarding them. */
import { createStore } from "zustand/vanilla";
import { asProblem, type Problem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import type { WorkspacesApi } from "./api";
import type { Workspace } from "./types";

export interface WorkspacesState {
  /** null until they are known. */
  workspaces: Workspace[] | null;
  problem: Problem | null;
  /** What the server said would be lost, of whose workspace. */
  stake: { member: string; loss: string } | null;
}

export class Workspaces {
  readonly store = createStore<WorkspacesState>(() => ({ workspaces: null, problem: null, stake: null }));
  private turn = 0;

  constructor(
    private readonly api: WorkspacesApi,
    private readonly say: typeof showToast = showToast,
  ) {}

  /** An answer that something later has overtaken is not shown. */
  async load(): Promise<void> {
    const turn = ++this.turn;
    try {
      const workspaces = await this.api.list();
      if (turn === this.turn) this.store.setState({ workspaces, problem: null });
    } catch (thrown) {
      if (turn === this.turn) this.store.setState({ problem: asProblem(thrown) });
    }
  }

  /** Where something would be lost, `stake` says what; then only `anyway` discards it. */
  async discard(member: string, anyway = false): Promise<void> {
    this.store.setState({ stake: null });
    try {
      await this.api.discard(member, anyway);
      this.say(`The workspace of ${member} is gone.`);
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.status === 409 && !anyway) this.store.setState({ stake: { member, loss: problem.detail } });
      else this.say(problem.detail, { kind: "problem" });
    }
    await this.load();
  }

  keep(): void {
    this.store.setState({ stake: null });
  }
}
