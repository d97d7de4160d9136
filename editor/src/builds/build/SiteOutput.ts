/** What the site of a build prints, as it prints it. */
import { createStore } from "zustand/vanilla";
import { PREFIX, pathOf } from "../../shared/api/transport";

export interface OutputLine {
  seq: number;
  stream: "stdout" | "stderr" | "system";
  text: string;
}

export interface OutputState {
  state: "opening" | "open" | "lost";
  lines: readonly OutputLine[];
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
    const source = this.makeSource(`${PREFIX}${pathOf("builds", this.buildId, "output")}`);
    source.onopen = () => this.store.setState({ state: "open" });
    source.onerror = () => this.store.setState({ state: "lost" });
    source.addEventListener("output", (event: MessageEvent<string>) => this.add(JSON.parse(event.data) as OutputLine));
    return () => source.close();
  }

  private add(line: OutputLine): void {
    const { lines } = this.store.getState();
    if (line.seq > (lines.at(-1)?.seq ?? -1)) this.store.setState({ lines: [...lines, line].slice(-MOST) });
  }
}
