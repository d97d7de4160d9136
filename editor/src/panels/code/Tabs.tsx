import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useWorkbench, useWorkbenchState } from "../../workbench/context";
import { nameOf, parentOf } from "../../workbench/paths";
import { FileIcon } from "../tree/FileIcon";

export function Tabs() {
  const tabs = useWorkbenchState((state) => state.tabs);
  if (tabs.length === 0) return null;
  const names = tabs.map(nameOf);
  return (
    <nav className="wb-tabs" aria-label="Open files">
      <ul>
        {tabs.map((path) => (
          <Tab key={path} path={path} isAmbiguous={names.filter((name) => name === nameOf(path)).length > 1} />
        ))}
      </ul>
    </nav>
  );
}

function Tab({ path, isAmbiguous }: { path: string; isAmbiguous: boolean }) {
  const { store, documents } = useWorkbench();
  const isActive = useWorkbenchState((state) => state.active === path);
  const document = useWorkbenchState((state) => state.documents[path]);
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isActive) element.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [isActive]);
  const state = document?.conflict ? "changed elsewhere" : document?.saving ? "saving" : document?.dirty ? "not saved" : "";
  return (
    <li ref={element} className={`wb-tab${isActive ? " wb-tab-active" : ""}${state ? " wb-tab-marked" : ""}`}>
      <button
        type="button"
        className="wb-tab-name"
        aria-current={isActive ? "true" : undefined}
        title={path}
        onClick={() => store.set({ active: path, selected: path, comparing: false })}
        onAuxClick={(event) => event.button === 1 && documents.close(path)}
      >
        <FileIcon name={path} />
        <span>{nameOf(path)}</span>
        {isAmbiguous && <span className="wb-tab-folder">{parentOf(path) || "/"}</span>}
        {state && <span className="ff-hidden">, {state}</span>}
      </button>
      <button type="button" className="wb-tab-close" aria-label={`Close ${nameOf(path)}`} onClick={() => documents.close(path)}>
        {state && <span className={`wb-dirty${document?.conflict ? " wb-dirty-bad" : ""}`} aria-hidden />}
        <X size={14} aria-hidden />
      </button>
    </li>
  );
}
