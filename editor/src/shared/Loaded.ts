/** Something on the server as a page shows it: asked for again and again, changed ahead of the answer. */
import { useEffect } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { asProblem, type Problem } from "./api";

export interface LoadedState<Value> {
  /** null until it is known. It stays when asking again fails: then `problem` says so. */
  value: Value | null;
  problem: Problem | null;
}

export class Loaded<Value> {
  readonly store = createStore<LoadedState<Value>>(() => ({ value: null, problem: null }));
  private turn = 0;

  constructor(private readonly ask: () => Promise<Value>) {}

  get value(): Value | null {
    return this.store.getState().value;
  }

  /** An answer that a later look or a change has overtaken is not shown. */
  async load(): Promise<void> {
    const turn = ++this.turn;
    try {
      const value = await this.ask();
      if (turn === this.turn) this.store.setState({ value, problem: null });
    } catch (thrown) {
      if (turn === this.turn) this.store.setState({ problem: asProblem(thrown) });
    }
  }

  /** Shows a change before the server has answered; returns how to take it back. */
  protected show(change: (value: Value) => Value): () => void {
    const before = this.value;
    this.turn += 1;
    if (before !== null) this.store.setState({ value: change(before) });
    return () => this.store.setState({ value: before });
  }
}

/** Asks when it comes into view; what is known so far. */
export function useLoaded<Value>(loaded: Loaded<Value>): LoadedState<Value> {
  useEffect(() => void loaded.load(), [loaded]);
  return useStore(loaded.store);
}
