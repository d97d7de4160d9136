import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useWorkbench } from "../../workbench/context";
import { language, looks } from "./setup";

const UNCHANGED = { margin: 3 };
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
    const view = (isNarrow ? oneColumn : twoColumns)(place.current, path, theirs, buffers.text(path));
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

function twoColumns(parent: HTMLElement, path: string, theirs: string, mine: string): MergeView {
  return new MergeView({
    parent,
    a: { doc: theirs, extensions: side(path, "On disk") },
    b: { doc: mine, extensions: side(path, "Yours") },
    collapseUnchanged: UNCHANGED,
  });
}

function oneColumn(parent: HTMLElement, path: string, theirs: string, mine: string): EditorView {
  const merged = unifiedMergeView({ original: theirs, mergeControls: false, collapseUnchanged: UNCHANGED });
  const label = "Yours, with what is on disk above each difference";
  return new EditorView({ parent, doc: mine, extensions: [side(path, label), merged, EditorView.lineWrapping] });
}

function side(path: string, label: string): Extension {
  return [
    looks,
    lineNumbers(),
    language(path),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
  ];
}
