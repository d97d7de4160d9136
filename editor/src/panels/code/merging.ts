import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { language, looks } from "./setup";

const UNCHANGED = { margin: 3 };

export interface Sides {
  path: string;
  older: string;
  newer: string;
}

/** Two texts side by side, for eyes only. */
export function twoColumns(parent: HTMLElement, { path, older, newer }: Sides, [left, right]: [string, string]): MergeView {
  return new MergeView({
    parent,
    a: { doc: older, extensions: side(path, left) },
    b: { doc: newer, extensions: side(path, right) },
    collapseUnchanged: UNCHANGED,
  });
}

/** One text, with what it was above each difference. */
export function oneColumn(parent: HTMLElement, { path, older, newer }: Sides, label: string): EditorView {
  const merged = unifiedMergeView({ original: older, mergeControls: false, collapseUnchanged: UNCHANGED });
  return new EditorView({ parent, doc: newer, extensions: [side(path, label), merged, EditorView.lineWrapping] });
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
