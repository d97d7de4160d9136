import { useEffect, useRef, useSyncExternalStore } from "react";
import { useWorkbench } from "../../workbench/context";
import { oneColumn, twoColumns } from "./merging";

const LABEL = "Yours, with what is on disk above each difference";
/** As in workbench.css: below it there is no room for two texts side by side. */
const narrow = matchMedia("(max-width: 720px)");

function watchWidth(onChange: () => void): () => void {
  narrow.addEventListener("change", onChange);
  return () => narrow.removeEventListener("change", onChange);
}

/** What is on disk beside what was typed here; on a phone one below the other, line by line. */
export default function Compare({ path, theirs }: { path: string; theirs: string }) {
  const { buffers, store } = useWorkbench();
  const isNarrow = useSyncExternalStore(watchWidth, () => narrow.matches);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const sides = { path, older: theirs, newer: buffers.text(path) };
    const view = isNarrow ? oneColumn(place.current, sides, LABEL) : twoColumns(place.current, sides, ["On disk", "Yours"]);
    return () => view.destroy();
  }, [path, theirs, buffers, isNarrow]);
  const leave = (): void => {
    store.set({ comparing: false });
    requestAnimationFrame(() => buffers.focus());
  };
  return (
    // Escape leads back to the text from wherever one reads.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className="wb-compare" onKeyDown={(event) => event.key === "Escape" && leave()}>
      <div className="wb-compare-heads" aria-hidden>
        <span className="wb-compare-theirs">On disk</span>
        <span className="wb-compare-mine">Yours</span>
      </div>
      <div ref={place} className="wb-compare-texts" />
    </div>
  );
}
