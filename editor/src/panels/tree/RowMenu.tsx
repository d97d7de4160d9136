import { Copy, CopyPlus, Download, FilePlus, FolderPlus, Pencil, Trash2 } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { useWorkbench } from "../../workbench/context";
import type { Workbench } from "../../workbench/workbench";

export interface RowMenuPlace {
  path: string;
  isFolder: boolean;
  x: number;
  y: number;
}

interface Item {
  label: string;
  icon: ReactNode;
  key?: string;
  run: () => void;
}

/** What can be done with one entry; opened by the right button, the menu key, or a long press. */
export function RowMenu({ place, onClose }: { place: RowMenuPlace; onClose: () => void }) {
  const workbench = useWorkbench();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const { width, height } = element.getBoundingClientRect();
    element.style.left = `${Math.max(4, Math.min(place.x, innerWidth - width - 4))}px`;
    element.style.top = `${Math.max(4, Math.min(place.y, innerHeight - height - 4))}px`;
    element.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const leave = (event: Event): void => {
      if (!element.contains(event.target as Node)) onClose();
    };
    document.addEventListener("pointerdown", leave);
    window.addEventListener("resize", onClose);
    return () => {
      document.removeEventListener("pointerdown", leave);
      window.removeEventListener("resize", onClose);
    };
  }, [place, onClose]);

  const back = (): void => {
    onClose();
    document.querySelector<HTMLElement>(`[role="treeitem"][data-path="${CSS.escape(place.path)}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation();
    const items = [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    if (event.key === "Escape" || event.key === "Tab") back();
    else if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp") items[(at - 1 + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div ref={list} role="menu" tabIndex={-1} aria-label={`Actions for ${place.path}`} className="wb-context" onKeyDown={onKeyDown}>
      {itemsOf(workbench, place).map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className="ff-menu-item"
          onClick={() => {
            back();
            item.run();
          }}
        >
          <span className="ff-menu-icon">{item.icon}</span>
          <span className="ff-menu-label">{item.label}</span>
          {item.key && <kbd>{item.key}</kbd>}
        </button>
      ))}
    </div>
  );
}

function itemsOf({ tree, store }: Workbench, { path, isFolder }: RowMenuPlace): Item[] {
  const inFolder: Item[] = [
    { label: "New file", icon: <FilePlus size={16} aria-hidden />, run: () => tree.name({ kind: "file", path }) },
    { label: "New folder", icon: <FolderPlus size={16} aria-hidden />, run: () => tree.name({ kind: "folder", path }) },
  ];
  const writing: Item[] = [
    { label: "Rename", key: "F2", icon: <Pencil size={16} aria-hidden />, run: () => tree.name({ kind: "rename", path }) },
    { label: "Duplicate", icon: <CopyPlus size={16} aria-hidden />, run: () => void tree.duplicate(path) },
    { label: "Delete", key: "Del", icon: <Trash2 size={16} aria-hidden />, run: () => void tree.remove(path) },
  ];
  const reading: Item[] = [
    {
      label: "Copy path",
      icon: <Copy size={16} aria-hidden />,
      run: () => void navigator.clipboard.writeText(path).then(() => store.tell(`Copied ${path}.`)),
    },
  ];
  if (!isFolder) reading.push({ label: "Download", icon: <Download size={16} aria-hidden />, run: () => download(tree.downloadUrl(path), path) });
  if (!store.mayWrite) return reading;
  return [...(isFolder ? inFolder : []), ...reading, ...writing];
}

export function download(url: string, path: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = path.slice(path.lastIndexOf("/") + 1);
  link.click();
}
