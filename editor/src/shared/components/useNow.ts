import { useSyncExternalStore } from "react";

/** The present, to the tick of one shared clock: every `RelativeTime` on a page moves together. */
const TICK = 20_000;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const readers = new Set<() => void>();

function subscribe(reader: () => void): () => void {
  now = Date.now();
  readers.add(reader);
  timer ??= setInterval(() => {
    now = Date.now();
    readers.forEach((tell) => tell());
  }, TICK);
  return () => {
    readers.delete(reader);
    if (readers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function useNow(): Date {
  return new Date(useSyncExternalStore(subscribe, () => now));
}
