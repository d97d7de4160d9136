/** What can be imported by one connection: of an organisation, by a search, page after page. */
import { createStore } from "zustand/vanilla";
import { asProblem, type Problem } from "../shared/api";
import type { LinkingApi } from "./api";
import type { Repository } from "./types";

export interface Shown {
  organisations: string[];
  /** null until the first page is there. */
  items: Repository[] | null;
  next: string | null;
  busy: boolean;
  problem: Problem | null;
}

export class Repositories {
  readonly store = createStore<Shown>(() => ({ organisations: [], items: null, next: null, busy: false, problem: null }));
  private turn = 0;

  constructor(
    private readonly api: LinkingApi,
    private readonly connection: string,
  ) {}

  async begin(): Promise<void> {
    try {
      this.store.setState({ organisations: await this.api.organisations(this.connection) });
    } catch {
      // The list itself says what is wrong.
    }
  }

  /** From the beginning. An answer that a later one has overtaken is not shown. */
  find(organisation: string, search: string): Promise<void> {
    return this.ask(organisation, search, null);
  }

  more(organisation: string, search: string): Promise<void> {
    return this.ask(organisation, search, this.store.getState().next);
  }

  private async ask(organisation: string, search: string, cursor: string | null): Promise<void> {
    const turn = ++this.turn;
    this.store.setState({ busy: true, problem: null });
    try {
      const query = { organisation: organisation || undefined, search: search || undefined, cursor: cursor ?? undefined };
      const page = await this.api.repositories(this.connection, query);
      if (turn !== this.turn) return;
      const before = cursor === null ? [] : (this.store.getState().items ?? []);
      this.store.setState({ items: [...before, ...page.items], next: page.next, busy: false });
    } catch (thrown) {
      if (turn === this.turn) this.store.setState({ problem: asProblem(thrown), busy: false });
    }
  }
}
