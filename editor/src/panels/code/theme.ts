import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** Colours are custom properties, so that light, dark and contrast need no second theme. */
export const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "var(--text-13)", color: "var(--text)", backgroundColor: "var(--bg)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-code)", lineHeight: "var(--line-height-code)" },
  ".cm-content": { caretColor: "var(--code-caret)", padding: "8px 0 40vh" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--code-caret)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--code-selection)" },
  ".cm-gutters": { backgroundColor: "var(--bg)", color: "var(--code-gutter)", border: "0", paddingLeft: "4px" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "34px", paddingRight: "8px" },
  ".cm-activeLine": { backgroundColor: "var(--code-line)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--code-line)", color: "var(--text)" },
  ".cm-foldGutter .cm-gutterElement": { opacity: "0", transition: "opacity var(--motion)" },
  ".cm-gutters:hover .cm-foldGutter .cm-gutterElement": { opacity: "1" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--code-match)", outline: "1px solid var(--line-strong)" },
  ".cm-selectionMatch": { backgroundColor: "var(--code-match)" },
  ".cm-searchMatch": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--code-selection)" },
  ".cm-foldPlaceholder": { background: "var(--bg-hover)", border: "1px solid var(--line)", color: "var(--text-muted)", padding: "0 4px" },
  ".cm-panels": { backgroundColor: "var(--bg-subtle)", color: "var(--text)", fontFamily: "var(--font-ui)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "8px 32px 8px 12px", fontSize: "var(--text-13)" },
  ".cm-textfield": { backgroundColor: "var(--bg)", border: "1px solid var(--line-control)", borderRadius: "4px", padding: "2px 6px", fontSize: "var(--text-13)" },
  ".cm-button": { background: "var(--bg-raised)", border: "1px solid var(--line-strong)", borderRadius: "4px", padding: "2px 8px", fontSize: "var(--text-13)" },
  ".cm-tooltip": { backgroundColor: "var(--bg-raised)", border: "1px solid var(--line)", borderRadius: "var(--radius)", boxShadow: "var(--shadow)" },
  ".cm-tooltip-autocomplete ul": { fontFamily: "var(--font-code)", fontSize: "var(--text-12)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--bg-active)", color: "var(--text)" },
});

export const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.controlKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.attributeValue], color: "var(--code-string)" },
  { tag: [tags.comment, tags.meta], color: "var(--code-comment)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.unit, tags.color], color: "var(--code-number)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.labelName], color: "var(--code-function)" },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName], color: "var(--code-type)" },
  { tag: [tags.propertyName, tags.attributeName, tags.definition(tags.propertyName)], color: "var(--code-property)" },
  { tag: [tags.heading], color: "var(--code-keyword)", fontWeight: "600" },
  { tag: [tags.link, tags.url], color: "var(--code-function)", textDecoration: "underline" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strong, fontWeight: "600" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.punctuation, tags.bracket, tags.operator], color: "var(--code-punctuation)" },
  { tag: tags.inserted, color: "var(--ok)" },
  { tag: tags.deleted, color: "var(--bad)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);
