import { MergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { useWorkbench } from "../../workbench/context";
import { language, looks } from "./setup";

/** What is on disk at the left, what was typed here at the right. */
export default function Compare({ path, theirs }: { path: string; theirs: string }) {
  const { buffers } = useWorkbench();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const side = (label: string): Extension => [
      looks,
      lineNumbers(),
      language(path),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
    ];
    const view = new MergeView({
      parent: place.current,
      a: { doc: theirs, extensions: side("On disk") },
      b: { doc: buffers.text(path), extensions: side("Yours") },
      collapseUnchanged: { margin: 3 },
    });
    return () => view.destroy();
  }, [path, theirs, buffers]);
  return (
    <div className="wb-compare">
      <div className="wb-compare-heads" aria-hidden>
        <span>On disk</span>
        <span>Yours</span>
      </div>
      <div ref={place} className="wb-compare-texts" />
    </div>
  );
}
