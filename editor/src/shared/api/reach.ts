/** Whether the server answers this page: found by its stream of events, told once in its frame. */
import { createStore } from "zustand/vanilla";
import { asProblem } from "./problem";
import { HttpTransport } from "./transport";

export interface ReachState {
  state: "here" | "away" | "signed out";
}

/** A shorter absence, such as of a server that gives way to its successor, is not worth a word. */
const CALM = 1500;

export class Reach {
  readonly store = createStore<ReachState>(() => ({ state: "here" }));
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isLost = false;

  constructor(private readonly ask: () => Promise<unknown> = () => new HttpTransport().request("GET", "/me")) {}

  /** What listens hears that the server is back: what is shown may have changed meanwhile. Returns the end of listening. */
  onReturn(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Until it answers: at once where it does. */
  answering(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        leave();
        resolve();
      };
      const leave = this.onReturn(done);
      void this.ask().then(done, (thrown: unknown) => asProblem(thrown).isSignedOut && done());
    });
  }

  /** The stream is broken, which it does not tell why. */
  lost(): void {
    this.isLost = true;
    this.timer ??= setTimeout(() => void this.check(), CALM);
  }

  found(): void {
    this.forget();
    if (!this.isLost) return;
    this.isLost = false;
    this.store.setState({ state: "here" });
    for (const tell of [...this.listeners]) tell();
  }

  private async check(): Promise<void> {
    const problem = await this.ask().then(() => null, asProblem);
    this.forget();
    // Where it answers, its stream is opened soon.
    if (this.isLost && problem) this.store.setState({ state: problem.isSignedOut ? "signed out" : "away" });
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

export const reach = new Reach();
