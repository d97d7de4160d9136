import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";

interface Props {
  label: string;
  /** What it begins with. */
  text: string;
  hasError: boolean;
  onChange: (text: string) => void;
}

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--info)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: [tags.comment, tags.punctuation, tags.meta], color: "var(--text-faint)" },
]);
const EXAMPLE = "install: [npm ci]\nbuild: [npm run build]\nrun: [npm start]";

/** A field for YAML with numbered lines, since errors name them. Tab leaves it, as it does every field. */
export default function YamlField({ label, text, hasError, onChange }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const given = useRef({ label, text, onChange });
  useEffect(() => {
    given.current.onChange = onChange;
  }, [onChange]);
  useEffect(() => {
    if (!place.current) return;
    const { label: name, text: doc } = given.current;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc,
        extensions: [
          lineNumbers(),
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          yaml(),
          syntaxHighlighting(colours),
          placeholder(EXAMPLE),
          EditorView.contentAttributes.of({ "aria-label": name }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) given.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    return () => view.destroy();
  }, []);
  return <div ref={place} className={hasError ? "yaml yaml-wrong" : "yaml"} />;
}
