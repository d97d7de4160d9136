/** Something on the server as a page shows it: asked for again and again, changed ahead of the answer. */
import { useEffect } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { asProblem, type Problem } from "./api";
import { reach } from "./api/reach";

export interface LoadedState<Value> {
  /** null until it is known. It stays when asking again fails: then `problem` says so. */
  value: Value | null;
  problem: Problem | null;
}

type Change<Value> = (value: Value) => Value;

export class Loaded<Value> {
  readonly store = createStore<LoadedState<Value>>(() => ({ value: null, problem: null }));
  /** What the server has told; shown is what the changes that it has not answered yet make of it. */
  private known: Value | null = null;
  private readonly unanswered = new Set<Change<Value>>();
  private looks = 0;
  private changes = 0;

  constructor(private readonly ask: () => Promise<Value>) {}

  get value(): Value | null {
    return this.store.getState().value;
  }

  /** An answer that a later look has overtaken is not shown; one asked for before the newest change is asked for again. */
  async load(): Promise<void> {
    const look = ++this.looks;
    for (;;) {
      const { changes } = this;
      try {
        const value = await this.ask();
        if (look !== this.looks) return;
        if (changes !== this.changes) continue;
        this.store.setState({ problem: null });
        this.know(value);
      } catch (thrown) {
        if (look === this.looks) this.store.setState({ problem: asProblem(thrown) });
      }
      return;
    }
  }

  /** Shows what the server has told by another way than a look. */
  protected show(change: Change<Value>): void {
    this.changes += 1;
    if (this.known !== null) this.know(change(this.known));
  }

  /** Shows a change while `call` makes it, and on; where that throws, it is taken back, and what came meanwhile stays. */
  protected async ahead<Answer>(change: Change<Value>, call: () => Promise<Answer>): Promise<Answer> {
    this.unanswered.add(change);
    this.render();
    try {
      const answer = await call();
      this.unanswered.delete(change);
      this.show(change);
      return answer;
    } catch (thrown) {
      this.unanswered.delete(change);
      this.render();
      throw thrown;
    }
  }

  private know(value: Value): void {
    this.known = value;
    this.render();
  }

  private render(): void {
    let value = this.known;
    if (value === null) return;
    for (const change of this.unanswered) value = change(value);
    this.store.setState({ value });
  }
}

/** Asks when it comes into view, and when the server is back; what is known so far. */
export function useLoaded<Value>(loaded: Loaded<Value>): LoadedState<Value> {
  useEffect(() => {
    void loaded.load();
    return reach.onReturn(() => void loaded.load());
  }, [loaded]);
  return useStore(loaded.store);
}
