/** How somebody reads a log: what is folded, looked for, pointed at, and whether the newest line stays in view. */
import { createStore } from "zustand/vanilla";
import type { Log } from "./Log";
import { extended, hashOf, type Range } from "./range";
import { Finds } from "./search";

export type Goal = { kind: "line"; index: number } | { kind: "step"; step: number } | { kind: "start" } | { kind: "end" };

export interface ReadingState {
  folded: ReadonlySet<number>;
  follows: boolean;
  times: boolean;
  finds: Finds | null;
  /** Which of the finds is shown; -1: none yet. */
  find: number;
  /** Grows with each new find of a search that goes on. */
  found: number;
  /** The lines that the address names. */
  chosen: Range | null;
  /** Where to scroll next; `turn` tells two wishes for the same place apart. */
  goal: Goal | null;
  turn: number;
}

const TIMES = "firefly-log-times";

export class Reading {
  readonly store = createStore<ReadingState>(() => ({
    folded: new Set<number>(),
    follows: false,
    times: localStorage.getItem(TIMES) === "1",
    finds: null,
    find: -1,
    found: 0,
    chosen: null,
    goal: null,
    turn: 0,
  }));

  constructor(private readonly log: Log) {}

  get state(): ReadingState {
    return this.store.getState();
  }

  /** New lines have come. */
  grew(): void {
    const { finds, find, chosen, goal } = this.state;
    if (finds) {
      finds.goOn();
      const first = find < 0 && finds.lines.length > 0;
      this.store.setState({ found: finds.lines.length });
      if (first) this.step(1);
    }
    // The address may name a line that had not come yet.
    if (chosen !== null && !goal) this.choose(chosen);
  }

  look(query: string): void {
    const finds = query ? new Finds(this.log, query) : null;
    finds?.goOn();
    this.store.setState({ finds, find: -1, found: finds?.lines.length ?? 0 });
    if (finds && finds.lines.length > 0) this.step(1);
  }

  /** To the next find, or the one before. */
  step(by: 1 | -1): void {
    const { finds, find } = this.state;
    if (!finds || finds.lines.length === 0) return;
    const count = finds.lines.length;
    const next = find < 0 ? (by > 0 ? 0 : count - 1) : (find + by + count) % count;
    this.store.setState({ find: next });
    this.toLine(finds.lines[next] ?? 0);
  }

  fold(step: number): void {
    const folded = new Set(this.state.folded);
    if (!folded.delete(step)) folded.add(step);
    this.store.setState({ folded });
  }

  /** Folds all, or unfolds them where all are. */
  foldAll(steps: readonly number[]): void {
    const all = steps.every((step) => this.state.folded.has(step));
    this.store.setState({ folded: new Set(all ? [] : steps) });
  }

  toStep(step: number): void {
    this.unfold(step);
    this.go({ kind: "step", step });
  }

  toLine(index: number): void {
    const line = this.log.lines[index];
    if (!line) return;
    this.unfold(line.step);
    this.go({ kind: "line", index });
  }

  toStart(): void {
    this.go({ kind: "start" });
  }

  toEnd(): void {
    this.go({ kind: "end" });
  }

  /** Lines by their numbers, as links name them; waits for the first where it has not come yet. */
  choose(range: Range | null): void {
    this.store.setState({ chosen: range });
    const index = range ? this.log.indexOf(range.from) : -1;
    if (index >= 0) this.toLine(index);
  }

  /** Puts the line into the address, to be handed on; with those between it and what is chosen where it `extends` that. */
  link(number: number, extends_ = false): void {
    const { chosen } = this.state;
    const range = extends_ && chosen ? extended(chosen, number) : { from: number, to: number };
    history.replaceState(history.state, "", hashOf(range));
    this.store.setState({ chosen: range });
    this.unfold(this.log.lines[this.log.indexOf(number)]?.step ?? 0);
  }

  letGo(): void {
    history.replaceState(history.state, "", location.pathname + location.search);
    this.store.setState({ chosen: null });
  }

  /** Without colours. */
  textOf({ from, to }: Range): string {
    const lines: string[] = [];
    for (let index = Math.max(0, this.log.indexOf(from)); (this.log.lines[index]?.n ?? Infinity) <= to; index += 1) lines.push(this.log.plainAt(index));
    return lines.join("\n");
  }

  /** The same with the line that was found. */
  linkFound(): void {
    const { finds, find } = this.state;
    const line = this.log.lines[finds?.lines[find] ?? -1];
    if (line) this.link(line.n);
  }

  follow(follows: boolean): void {
    if (this.state.follows !== follows) this.store.setState({ follows });
  }

  showTimes(times: boolean): void {
    localStorage.setItem(TIMES, times ? "1" : "0");
    this.store.setState({ times });
  }

  private unfold(step: number): void {
    if (this.state.folded.has(step)) this.fold(step);
  }

  private go(goal: Goal): void {
    this.store.setState(({ turn }) => ({ goal, turn: turn + 1, follows: goal.kind === "end" }));
  }
}
