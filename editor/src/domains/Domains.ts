/** The state of one project's domains, and all that changes it. */
import { createStore } from "zustand/vanilla";
import { asProblem, type Problem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import type { DomainsApi } from "./api";
import type { Domain } from "./types";
import { isInService } from "./words";

export interface DomainsState {
  /** null until they are known. */
  domains: Domain[] | null;
  problem: Problem | null;
}

export class Domains {
  readonly store = createStore<DomainsState>(() => ({ domains: null, problem: null }));
  private turn = 0;

  constructor(
    private readonly api: DomainsApi,
    private readonly say: typeof showToast = showToast,
  ) {}

  /** An answer that something later has overtaken is not shown. */
  async load(): Promise<void> {
    const turn = ++this.turn;
    try {
      const domains = await this.api.list();
      if (turn === this.turn) this.store.setState({ domains, problem: null });
    } catch (thrown) {
      if (turn === this.turn) this.store.setState({ problem: asProblem(thrown) });
    }
  }

  /** Throws the problem: the host may be none, or somebody else's. */
  async add(host: string, port: number | null): Promise<void> {
    await this.api.add(host.trim().toLowerCase(), port);
    await this.load();
  }

  async check(domain: Domain): Promise<void> {
    try {
      const checked = await this.api.check(domain.id);
      this.show((domains) => domains.map((one) => (one.id === checked.id ? checked : one)));
      if (isInService(checked)) this.say(`${checked.name} is in service.`);
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
  }

  /** `mayAdd`: whether whoever removes it could bring it back. */
  async remove(domain: Domain, mayAdd: boolean): Promise<void> {
    const before = this.store.getState().domains;
    this.show((domains) => domains.filter(({ id }) => id !== domain.id));
    try {
      await this.api.remove(domain.id);
    } catch (thrown) {
      this.store.setState({ domains: before });
      this.say(asProblem(thrown).detail, { kind: "problem" });
      return;
    }
    const undo = (): void => void this.add(domain.host, domain.port).catch((thrown: unknown) => this.say(asProblem(thrown).detail, { kind: "problem" }));
    this.say(`${domain.name} shows nothing any more.`, mayAdd ? { undo } : {});
  }

  private show(change: (domains: Domain[]) => Domain[]): void {
    this.turn += 1;
    this.store.setState(({ domains }) => ({ domains: domains && change(domains) }));
  }
}
