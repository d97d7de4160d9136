/** The log of one build as the page has it: every line so far, live while it is built. */
import { createStore } from "zustand/vanilla";
import { plainOf } from "../../shared/ansi";
import { logAddress } from "../api";
import type { BuildState, LogLine, Step } from "../types";

/** More lines than this are no reading any more: the rest is there to be downloaded. */
export const MOST_LINES = 500_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

export interface LogStatus {
  /** Counts what has come; `lines` and `ofStep` are to be read anew. */
  version: number;
  state: "opening" | "live" | "lost" | "ended";
  /** More came than is kept here. */
  cut: boolean;
}

export interface LogOptions {
  onStep?: (step: Step) => void;
  onEnd?: (state: BuildState) => void;
  makeSource?: (address: string) => EventSource;
  /** When what has come is drawn: once a frame. */
  schedule?: (draw: () => void) => void;
  /** How many lines are kept. */
  most?: number;
}

export class Log {
  readonly lines: LogLine[] = [];
  readonly store = createStore<LogStatus>(() => ({ version: 0, state: "opening", cut: false }));
  private readonly steps = new Map<number, number[]>();
  private readonly plain: string[] = [];
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT;
  private last = 0;
  private waitsForFrame = false;

  constructor(
    private readonly buildId: string,
    private readonly options: LogOptions = {},
  ) {}

  open(): void {
    const make = this.options.makeSource ?? ((address) => new EventSource(address));
    const source = make(logAddress(this.buildId) + (this.last ? `?after=${this.last}` : ""));
    this.source = source;
    source.onopen = () => {
      this.wait = FIRST_WAIT;
      this.store.setState({ state: "live" });
    };
    source.onerror = () => this.lose(source);
    source.addEventListener("lines", (event: MessageEvent<string>) => this.receive(JSON.parse(event.data) as LogLine[]));
    source.addEventListener("step", (event: MessageEvent<string>) => this.options.onStep?.(JSON.parse(event.data) as Step));
    source.addEventListener("end", (event: MessageEvent<string>) => this.end(JSON.parse(event.data) as { state: BuildState }));
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  /** Indexes into `lines` of what one step printed, in order. */
  ofStep(position: number): readonly number[] {
    return this.steps.get(position) ?? [];
  }

  /** The positions of all steps that printed something, in order. */
  get printed(): number[] {
    return [...this.steps.keys()].sort((a, b) => a - b);
  }

  /** A line without colours. */
  plainAt(index: number): string {
    return (this.plain[index] ??= plainOf(this.lines[index]?.text ?? ""));
  }

  /** The index of the line that is numbered so, or -1. */
  indexOf(number: number): number {
    let [low, high] = [0, this.lines.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.lines[middle]?.n ?? 0;
      if (found === number) return middle;
      if (found < number) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  private receive(lines: readonly LogLine[]): void {
    for (const line of lines) if (line.n > this.last) this.add(line);
    if (this.waitsForFrame) return;
    this.waitsForFrame = true;
    (this.options.schedule ?? requestAnimationFrame)(() => {
      this.waitsForFrame = false;
      this.store.setState(({ version }) => ({ version: version + 1 }));
    });
  }

  private add(line: LogLine): void {
    this.last = line.n;
    if (this.lines.length >= (this.options.most ?? MOST_LINES)) {
      if (!this.store.getState().cut) this.store.setState({ cut: true });
      return;
    }
    const index = this.lines.push(line) - 1;
    const ofStep = this.steps.get(line.step);
    if (ofStep) ofStep.push(index);
    else this.steps.set(line.step, [index]);
  }

  private end({ state }: { state: BuildState }): void {
    this.close();
    this.store.setState(({ version }) => ({ state: "ended", version: version + 1 }));
    this.options.onEnd?.(state);
  }

  /** A browser goes on by itself after a broken line, not after a refusal. */
  private lose(source: EventSource): void {
    this.store.setState({ state: "lost" });
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }
}
