/** What the site of a build prints, and printed last before this page was opened. */
import { createStore } from "zustand/vanilla";
import { PREFIX, pathOf } from "../../shared/api/transport";
import type { LogLine } from "../types";

export interface OutputState {
  state: "opening" | "open" | "lost";
  lines: readonly LogLine[];
}

/** The newest that are kept here. */
const MOST = 2_000;

export class SiteOutput {
  readonly store = createStore<OutputState>(() => ({ state: "opening", lines: [] }));

  constructor(
    private readonly buildId: string,
    private readonly makeSource: (address: string) => EventSource = (address) => new EventSource(address),
  ) {}

  /** Returns how to close it. */
  open(): () => void {
    const source = this.makeSource(`${PREFIX}${pathOf("builds", this.buildId, "site-log")}`);
    source.onopen = () => this.store.setState({ state: "open" });
    source.onerror = () => this.store.setState({ state: "lost" });
    source.addEventListener("lines", (event: MessageEvent<string>) => this.add(JSON.parse(event.data) as LogLine[]));
    return () => source.close();
  }

  private add(lines: readonly LogLine[]): void {
    const before = this.store.getState().lines;
    const last = before.at(-1)?.n ?? 0;
    this.store.setState({ lines: [...before, ...lines.filter(({ n }) => n > last)].slice(-MOST) });
  }
}
