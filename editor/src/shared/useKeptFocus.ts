/** The focus among controls that come and go as they are used: where the one that had it has gone, the first that is there has it. */
import { type RefObject, useEffect, useRef } from "react";

export function useKeptFocus<T extends HTMLElement>(): RefObject<T | null> {
  const box = useRef<T>(null);
  const had = useRef(false);
  useEffect(() => {
    const note = ({ target }: Event): void => {
      had.current = box.current?.contains(target as Node) ?? false;
    };
    document.addEventListener("focusin", note);
    document.addEventListener("pointerdown", note);
    return () => {
      document.removeEventListener("focusin", note);
      document.removeEventListener("pointerdown", note);
    };
  }, []);
  useEffect(() => {
    if (had.current && document.activeElement === document.body) box.current?.querySelector<HTMLElement>("button, input")?.focus();
  });
  return box;
}
