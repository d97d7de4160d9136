import { FilePlus, FolderPlus, Upload } from "lucide-react";
import { type DragEvent, useMemo, useRef, useState } from "react";
import { Button, EmptyState, IconButton, Skeleton } from "../../shared/components";
import { useWorkbench, useWorkbenchState } from "../../workbench/context";
import { sayKey } from "../../workbench/platform";
import { droppedFiles } from "./drop";
import { NameField } from "./NameField";
import { rowsOf } from "./rows";
import { RowMenu, type RowMenuPlace } from "./RowMenu";
import { TreeRow } from "./TreeRow";
import { useTreeKeys } from "./useTreeKeys";

export const MOVED = "application/x-firefly-path";

export function TreePanel() {
  const { tree, store } = useWorkbench();
  const picker = useRef<HTMLInputElement>(null);
  const mayWrite = useWorkbenchState((state) => state.role !== "viewer");
  return (
    <section className="wb-panel" aria-label="Files">
      <div className="wb-panel-head">
        <h2>Files</h2>
        {mayWrite && (
          <>
            <IconButton label="New file" shortcut={sayKey("Alt+N")} icon={<FilePlus size={16} aria-hidden />} onClick={() => tree.name({ kind: "file", path: tree.here })} />
            <IconButton label="New folder" icon={<FolderPlus size={16} aria-hidden />} onClick={() => tree.name({ kind: "folder", path: tree.here })} />
            <IconButton label="Upload files" icon={<Upload size={16} aria-hidden />} onClick={() => picker.current?.click()} />
          </>
        )}
      </div>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          const files = [...(event.target.files ?? [])].map((file) => ({ path: file.name, body: file }));
          event.target.value = "";
          void tree.upload(tree.here, files).catch(() => store.tell("The upload was cut off.", { tone: "bad" }));
        }}
      />
      <TreeList />
    </section>
  );
}

function TreeList() {
  const { tree } = useWorkbench();
  const folders = useWorkbenchState((state) => state.folders);
  const expanded = useWorkbenchState((state) => state.expanded);
  const selected = useWorkbenchState((state) => state.selected);
  const naming = useWorkbenchState((state) => state.naming);
  const [target, setTarget] = useState<string | null>(null);
  const [menu, setMenu] = useState<RowMenuPlace | null>(null);
  const rows = useMemo(() => rowsOf(folders, expanded, naming), [folders, expanded, naming]);
  const onKeyDown = useTreeKeys(rows, setMenu);
  const root = folders[""];

  const drop = (event: DragEvent, folder: string): void => {
    event.preventDefault();
    event.stopPropagation();
    setTarget(null);
    const path = event.dataTransfer.getData(MOVED);
    if (path) void tree.moveInto(path, folder);
    else void droppedFiles(event.dataTransfer).then((files) => tree.upload(folder, files));
  };
  const over = (event: DragEvent, folder: string): void => {
    event.preventDefault();
    event.stopPropagation();
    setTarget(folder);
  };

  if (root?.state === "failed") {
    return (
      <EmptyState title="The files cannot be read" action={<Button onClick={() => tree.refresh()}>Try again</Button>}>
        {root.reason}
      </EmptyState>
    );
  }
  if (root?.state !== "ready") return <Skeleton rows={8} label="Reading the files" />;
  const tabStop = rows.some((row) => row.path === selected) ? selected : rows[0]?.path;
  return (
    // Files may be dropped anywhere below the rows, too.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      className={`wb-tree-drop${target === "" ? " wb-drop-target" : ""}`}
      onDragOver={(event) => over(event, "")}
      onDragLeave={() => setTarget(null)}
      onDrop={(event) => drop(event, "")}
    >
      {rows.length === 0 && (
        <EmptyState title="No files yet" action={<Button kind="primary" onClick={() => tree.name({ kind: "file", path: "" })}>New file</Button>}>
          Make one, or drop files here.
        </EmptyState>
      )}
      <div role="tree" aria-label="Files" className="wb-tree" onKeyDown={onKeyDown} tabIndex={-1}>
        {rows.map((row) =>
          row.type === "naming" ? (
            <div key="naming" role="none">
              <NameField naming={row.naming} depth={row.depth} />
            </div>
          ) : row.type === "entry" ? (
            <TreeRow
              key={row.path}
              row={row}
              isSelected={row.path === selected}
              isTabStop={row.path === tabStop}
              isTarget={target !== null && target !== "" && row.path === target}
              onDragOver={over}
              onDrop={drop}
              onMenu={setMenu}
            />
          ) : (
            <p key={row.path} className="wb-row-note" style={{ paddingLeft: 28 + row.depth * 12 }} role="none">
              {row.text}
            </p>
          ),
        )}
      </div>
      {menu && <RowMenu place={menu} onClose={() => setMenu(null)} />}
    </div>
  );
}
