import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
  ViewPlugin,
} from "@codemirror/view";
import { nameOf } from "../../workbench/paths";
import type { Workbench } from "../../workbench/workbench";
import { languageOf } from "./languages";
import { highlight, theme } from "./theme";

export const looks: Extension = [theme, syntaxHighlighting(highlight)];

const basics: Extension = [
  lineNumbers(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  history(),
  foldGutter(),
  drawSelection(),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  autocompletion(),
  rectangularSelection(),
  crosshairCursor(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, indentWithTab]),
];

/** Loads the language when the document is first looked at. */
export function language(path: string): Extension {
  const load = languageOf(path);
  if (!load) return [];
  const place = new Compartment();
  const plugin = ViewPlugin.define((view) => {
    let gone = false;
    const isLoaded = (place.get(view.state) as readonly unknown[] | undefined)?.length !== 0;
    if (!isLoaded) {
      void load().then((extension) => {
        if (!gone) view.dispatch({ effects: place.reconfigure(extension) });
      });
    }
    return {
      destroy: () => {
        gone = true;
      },
    };
  });
  return [place.of([]), plugin];
}

/** All that a document of the workbench has. A file may be renamed: its present path is asked for on each edit. */
export function setUpDocument(path: string, { documents, buffers, store }: Workbench): Extension {
  const told = EditorView.updateListener.of((update) => {
    const shown = store.state.active;
    if (update.docChanged && shown !== null && buffers.has(shown)) documents.edited(shown);
  });
  return [
    basics,
    looks,
    language(path),
    /\.(md|markdown|txt|rst)$/i.test(path) ? EditorView.lineWrapping : [],
    told,
    EditorState.readOnly.of(!store.mayWrite),
    EditorView.contentAttributes.of({ "aria-label": `Text of ${nameOf(path)}. Escape and then Tab leaves it.`, "data-focus": "", tabindex: "0" }),
  ];
}
