import { isolateHistory } from "@codemirror/commands";
import { EditorState, type Extension, type Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

interface Buffer {
  state: EditorState;
  saved: Text;
  scroll: number;
}

/** The texts of all open documents. The one on screen lives in a view; it is the same buffer to everybody else. */
export class Buffers {
  private readonly buffers = new Map<string, Buffer>();
  private view: EditorView | null = null;
  private shown: string | null = null;

  /** @param setUp the extensions of a document, by its path */
  constructor(private readonly setUp: (path: string) => Extension) {}

  has(path: string): boolean {
    return this.buffers.has(path);
  }

  /** A fresh document, or what is on disk again: undo history begins anew. */
  open(path: string, text: string, saved = text): void {
    const separator = /\r\n/.test(text) && !/[^\r]\n/.test(text) ? [EditorState.lineSeparator.of("\r\n")] : [];
    const state = EditorState.create({ doc: text, extensions: [separator, this.setUp(path)] });
    this.buffers.set(path, { state, saved: state.toText(saved), scroll: 0 });
    if (this.shown === path) this.view?.setState(state);
  }

  text(path: string): string {
    return this.state(path)?.sliceDoc() ?? "";
  }

  isDirty(path: string): boolean {
    const buffer = this.buffers.get(path);
    return buffer !== undefined && !(this.state(path) ?? buffer.state).doc.eq(buffer.saved);
  }

  /** `text` is what the disk has now. */
  markSaved(path: string, text: string): void {
    const buffer = this.buffers.get(path);
    if (buffer) buffer.saved = buffer.state.toText(text);
  }

  /** Changes the text in place: the cursor stays near, and undo brings the old text back. */
  replace(path: string, text: string): void {
    const state = this.state(path);
    const buffer = this.buffers.get(path);
    if (!state || !buffer) return;
    const next = state.toText(text);
    buffer.saved = next;
    if (state.doc.eq(next)) return;
    const changes = smallestChange(state.doc.toString(), next.toString());
    const transaction = { changes, annotations: isolateHistory.of("full") };
    if (this.shown === path && this.view) this.view.dispatch(transaction);
    else buffer.state = state.update(transaction).state;
  }

  rename(from: string, to: string): void {
    const buffer = this.buffers.get(from);
    if (!buffer) return;
    if (this.shown === from) {
      buffer.state = this.view?.state ?? buffer.state;
      this.shown = to;
    }
    this.buffers.delete(from);
    this.buffers.set(to, buffer);
  }

  close(path: string): void {
    if (this.shown === path) this.shown = null;
    this.buffers.delete(path);
  }

  /** Puts `path` into `view`, and what was there back into its buffer. */
  show(path: string, view: EditorView): void {
    if (this.shown === path && this.view === view) return;
    this.hide();
    const buffer = this.buffers.get(path);
    if (!buffer) return;
    this.view = view;
    this.shown = path;
    view.setState(buffer.state);
    requestAnimationFrame(() => view.scrollDOM.scrollTo({ top: buffer.scroll }));
  }

  hide(): void {
    const buffer = this.shown === null ? undefined : this.buffers.get(this.shown);
    if (buffer && this.view) {
      buffer.state = this.view.state;
      buffer.scroll = this.view.scrollDOM.scrollTop;
    }
    this.view = null;
    this.shown = null;
  }

  focus(): void {
    this.view?.focus();
  }

  private state(path: string): EditorState | undefined {
    return this.shown === path && this.view ? this.view.state : this.buffers.get(path)?.state;
  }
}

function smallestChange(before: string, after: string): { from: number; to: number; insert: string } {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  let end = 0;
  while (end < most - start && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)) end += 1;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}
