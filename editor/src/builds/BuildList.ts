/** A project's builds, newest first, as its list shows them: filtered, a page at a time, kept in step. */
import { createStore } from "zustand/vanilla";
import { asProblem, type Problem } from "../shared/api";
import type { BuildFilter, BuildsApi } from "./api";
import type { Heard } from "./heard";
import type { Build } from "./types";

export interface BuildListState {
  builds: Build[] | null;
  cursor: string | null;
  problem: Problem | null;
  /** The next page is on its way. */
  isLoadingMore: boolean;
}

const GATHER = 120;

export class BuildList {
  readonly store = createStore<BuildListState>(() => ({ builds: null, cursor: null, problem: null, isLoadingMore: false }));
  private turn = 0;
  private renewals = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: BuildsApi,
    private readonly projectId: string,
    private filter: BuildFilter = {},
  ) {}

  /** What is shown stays until the answer is there. */
  look(filter: BuildFilter): void {
    this.filter = filter;
    if (this.store.getState().builds) this.loadSoon();
    else void this.load();
  }

  /** The first page anew; what was shown below it goes. One asked for before the newest row is asked for again. */
  async load(): Promise<void> {
    const turn = ++this.turn;
    const { renewals } = this;
    try {
      const { builds, cursor } = await this.api.list(this.filter);
      if (turn !== this.turn) return;
      if (renewals !== this.renewals) await this.load();
      else this.store.setState({ builds, cursor, problem: null });
    } catch (thrown) {
      if (turn === this.turn) this.store.setState({ problem: asProblem(thrown) });
    }
  }

  async more(): Promise<void> {
    const { cursor, isLoadingMore } = this.store.getState();
    if (!cursor || isLoadingMore) return;
    const turn = this.turn;
    this.store.setState({ isLoadingMore: true });
    try {
      const page = await this.api.list(this.filter, cursor);
      if (turn === this.turn) this.store.setState(({ builds }) => ({ builds: [...(builds ?? []), ...page.builds], cursor: page.cursor }));
    } catch (thrown) {
      this.store.setState({ problem: asProblem(thrown) });
    }
    this.store.setState({ isLoadingMore: false });
  }

  heard({ kind, projectId, buildId }: Heard): void {
    if (kind === "missed") void this.load();
    else if (projectId !== this.projectId || kind === "build.step") return;
    else if (this.store.getState().builds?.some(({ id }) => id === buildId)) void this.renew(buildId);
    else this.loadSoon();
  }

  close(): void {
    clearTimeout(this.timer);
    this.turn += 1;
  }

  private loadSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), GATHER);
  }

  private async renew(id: string): Promise<void> {
    try {
      const build = await this.api.build(id);
      this.renewals += 1;
      const { builds } = this.store.getState();
      this.store.setState({ builds: builds?.map((one) => (one.id === id ? build : one)) ?? null });
    } catch {
      // The row stays as it was; the next event or look brings what is true.
    }
  }
}
