import type { Entry } from "../../bridge";
import type { Folder, Naming } from "../../workbench/state";

export type Row =
  | { type: "entry"; path: string; depth: number; entry: Entry; isOpen: boolean }
  | { type: "note"; path: string; depth: number; text: string }
  | { type: "naming"; path: string; depth: number; naming: Naming };

export type EntryRow = Extract<Row, { type: "entry" }>;

/** The open part of the tree from top to bottom, as it is read and stepped through. */
export function rowsOf(folders: Readonly<Record<string, Folder>>, expanded: ReadonlySet<string>, naming: Naming | null): Row[] {
  const rows: Row[] = [];
  const add = (path: string, depth: number): void => {
    const folder = folders[path];
    if (naming && naming.kind !== "rename" && naming.path === path) rows.push({ type: "naming", path: ":new", depth, naming });
    if (folder?.state === "failed") rows.push(note(path, depth, folder.reason));
    else if (folder?.state !== "ready") rows.push(note(path, depth, "Reading…"));
    else {
      for (const entry of folder.entries) addEntry(entry, depth);
      if (path && folder.entries.length === 0) rows.push(note(path, depth, "Empty"));
      if (folder.truncated) rows.push(note(`${path}:more`, depth, "There is more than can be shown. Use the terminal."));
    }
  };
  const addEntry = (entry: Entry, depth: number): void => {
    const isOpen = entry.kind === "folder" && expanded.has(entry.path);
    if (naming?.kind === "rename" && naming.path === entry.path) rows.push({ type: "naming", path: ":new", depth, naming });
    else rows.push({ type: "entry", path: entry.path, depth, entry, isOpen });
    if (isOpen) add(entry.path, depth + 1);
  };
  add("", 0);
  return rows;
}

function note(path: string, depth: number, text: string): Row {
  return { type: "note", path: `${path}:note`, depth, text };
}
