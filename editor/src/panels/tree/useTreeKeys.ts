import type { KeyboardEvent } from "react";
import { useWorkbench } from "../../workbench/context";
import { parentOf } from "../../workbench/paths";
import type { RowMenuPlace } from "./RowMenu";
import type { EntryRow, Row } from "./rows";

/** The keys of a tree, as ARIA describes them, and those of a file manager. */
export function useTreeKeys(rows: readonly Row[], onMenu: (place: RowMenuPlace) => void): (event: KeyboardEvent) => void {
  const { tree, documents, store } = useWorkbench();
  const entries = rows.filter((row): row is EntryRow => row.type === "entry");

  const focus = (row: EntryRow | undefined): void => {
    if (!row) return;
    tree.select(row.path);
    document.querySelector<HTMLElement>(`[role="treeitem"][data-path="${CSS.escape(row.path)}"]`)?.focus();
  };
  const inward = (row: EntryRow, at: number): void => {
    if (row.entry.kind !== "folder") return;
    if (row.isOpen) focus(entries[at + 1]);
    else tree.toggle(row.path, true);
  };
  const outward = (row: EntryRow): void => {
    if (row.isOpen) tree.toggle(row.path, false);
    else focus(entries.find((other) => other.path === parentOf(row.path)));
  };
  const menu = (row: EntryRow): void => {
    const box = document.querySelector(`[role="treeitem"][data-path="${CSS.escape(row.path)}"]`)?.getBoundingClientRect();
    onMenu({ path: row.path, isFolder: row.entry.kind === "folder", x: (box?.left ?? 0) + 40, y: box?.bottom ?? 0 });
  };
  const jump = (at: number, letter: string): void => {
    const rotated = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
    focus(rotated.find((row) => row.entry.name.toLowerCase().startsWith(letter.toLowerCase())));
  };

  return (event) => {
    const at = entries.findIndex((row) => row.path === store.state.selected);
    const row = entries[at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const isFolder = row.entry.kind === "folder";
    const keys: Record<string, () => void> = {
      ArrowDown: () => focus(entries[at + 1]),
      ArrowUp: () => focus(entries[at - 1]),
      ArrowRight: () => inward(row, at),
      ArrowLeft: () => outward(row),
      Home: () => focus(entries[0]),
      End: () => focus(entries.at(-1)),
      Enter: () => (isFolder ? tree.toggle(row.path) : documents.open(row.path)),
      " ": () => (isFolder ? tree.toggle(row.path) : documents.open(row.path)),
      ContextMenu: () => menu(row),
    };
    const writing: Record<string, () => void> = {
      F2: () => tree.name({ kind: "rename", path: row.path }),
      Delete: () => void tree.remove(row.path),
    };
    const run = (event.key === "F10" && event.shiftKey ? keys.ContextMenu : keys[event.key]) ?? (store.mayWrite ? writing[event.key] : undefined);
    if (run) run();
    else if (event.key.length === 1) jump(at, event.key);
    else return;
    event.preventDefault();
  };
}
