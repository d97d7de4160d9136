import { useEffectEvent, useLayoutEffect } from "react";

export type Keys = Record<string, () => void>;

/** Single keys of a page, by what they type: never while somebody types, a dialog is open or a modifier is held. */
export function useKeys(keys: Keys): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement | null;
    if (target?.closest("input, textarea, select, [contenteditable], dialog, [role=menu]")) return;
    const run = keys[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  });
  // Whoever sees the page may press a key at once.
  useLayoutEffect(() => {
    const listener = (event: KeyboardEvent): void => onKey(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}
