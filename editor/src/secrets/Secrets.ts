/** The state of one project's secrets, and all that changes it. */
import { createStore } from "zustand/vanilla";
import { asProblem, type Problem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import type { SecretsApi } from "./api";
import type { Entry, Secret } from "./types";

export interface SecretsState {
  /** null until they are known. */
  secrets: Secret[] | null;
  problem: Problem | null;
}

export class Secrets {
  readonly store = createStore<SecretsState>(() => ({ secrets: null, problem: null }));
  private turn = 0;

  constructor(
    private readonly api: SecretsApi,
    private readonly say: typeof showToast = showToast,
  ) {}

  /** An answer that something later has overtaken is not shown. */
  async load(): Promise<void> {
    const turn = ++this.turn;
    try {
      const secrets = await this.api.list();
      if (turn === this.turn) this.store.setState({ secrets, problem: null });
    } catch (thrown) {
      if (turn === this.turn) this.store.setState({ problem: asProblem(thrown) });
    }
  }

  /** One after another; throws the first problem, with what came before it set. */
  async set(entries: Entry[]): Promise<void> {
    try {
      for (const entry of entries) await this.api.set(entry);
    } finally {
      await this.load();
    }
    this.say(entries.length === 1 ? `${entries[0]?.name ?? ""} is set.` : `${entries.length} secrets are set.`);
  }

  async remove(name: string): Promise<void> {
    try {
      await this.api.remove(name);
      this.say(`${name} is removed.`);
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
    await this.load();
  }
}
