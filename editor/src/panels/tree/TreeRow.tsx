import { ChevronRight, Folder, FolderOpen, Link } from "lucide-react";
import { type DragEvent, useEffect, useRef } from "react";
import { useWorkbench, useWorkbenchState } from "../../workbench/context";
import { parentOf } from "../../workbench/paths";
import { FileIcon } from "./FileIcon";
import type { RowMenuPlace } from "./RowMenu";
import type { EntryRow } from "./rows";

interface Props {
  row: EntryRow;
  isSelected: boolean;
  isTabStop: boolean;
  isTarget: boolean;
  onDragOver: (event: DragEvent, folder: string) => void;
  onDrop: (event: DragEvent, folder: string) => void;
  onMenu: (place: RowMenuPlace) => void;
}

export function TreeRow({ row, isSelected, isTabStop, isTarget, onDragOver, onDrop, onMenu }: Props) {
  const { tree, documents } = useWorkbench();
  const { entry, depth, isOpen, path } = row;
  const isFolder = entry.kind === "folder";
  const folder = isFolder ? path : parentOf(path);
  const element = useRef<HTMLDivElement>(null);
  const dirty = useWorkbenchState((state) => state.documents[path]?.dirty === true);
  const active = useWorkbenchState((state) => state.active === path);
  useEffect(() => {
    if (isSelected) element.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  const act = (): void => {
    tree.select(path);
    if (isFolder) tree.toggle(path);
    else documents.open(path);
  };
  return (
    // The tree itself has the keys.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      ref={element}
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={isFolder ? isOpen : undefined}
      aria-selected={isSelected}
      tabIndex={isTabStop ? 0 : -1}
      data-path={path}
      data-focus={isTabStop ? "" : undefined}
      className={`wb-row${entry.ignored ? " wb-row-ignored" : ""}${active ? " wb-row-active" : ""}${isTarget ? " wb-drop-target" : ""}`}
      style={{ paddingLeft: 8 + depth * 12 }}
      draggable
      onClick={act}
      onFocus={() => tree.select(path)}
      onContextMenu={(event) => {
        event.preventDefault();
        tree.select(path);
        onMenu({ path, isFolder, x: event.clientX, y: event.clientY });
      }}
      onDragStart={(event) => {
        event.dataTransfer.setData("application/x-firefly-path", path);
        event.dataTransfer.effectAllowed = "move";
      }}
      onDragOver={(event) => onDragOver(event, folder)}
      onDrop={(event) => onDrop(event, folder)}
    >
      <ChevronRight size={14} aria-hidden className={`wb-twist${isOpen ? " wb-twist-open" : ""}${isFolder ? "" : " wb-twist-none"}`} />
      {isFolder ? isOpen ? <FolderOpen size={16} aria-hidden /> : <Folder size={16} aria-hidden /> : entry.kind === "link" ? <Link size={16} aria-hidden /> : <FileIcon name={entry.name} />}
      <span className="wb-row-name">{entry.name}</span>
      {dirty && <span className="wb-dirty" role="img" aria-label="not saved" />}
    </div>
  );
}
