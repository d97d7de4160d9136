import { File, Folder } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useWorkbench } from "../../workbench/context";
import { nameOf } from "../../workbench/paths";
import type { Naming } from "../../workbench/state";

/** The name of a new or renamed file, typed where it will stand: Enter takes it, Escape leaves. */
export function NameField({ naming, depth }: { naming: Naming; depth: number }) {
  const { tree } = useWorkbench();
  const before = naming.kind === "rename" ? nameOf(naming.path) : "";
  const [problem, setProblem] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const busy = useRef(false);
  useEffect(() => {
    field.current?.focus();
    const dot = before.lastIndexOf(".");
    field.current?.setSelectionRange(0, dot > 0 ? dot : before.length);
  }, [before]);

  const leave = (): void => {
    tree.name(null);
    setTimeout(() => document.querySelector<HTMLElement>('[role="treeitem"][tabindex="0"]')?.focus());
  };
  const finish = async (name: string): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    const wrong = await tree.finishNaming(name);
    busy.current = false;
    setProblem(wrong ?? "");
  };
  const label = naming.kind === "rename" ? `New name of ${before}` : `Name of the new ${naming.kind}`;
  return (
    <div className="wb-naming" style={{ paddingLeft: 28 + depth * 12 }}>
      {naming.kind === "folder" ? <Folder size={16} aria-hidden /> : <File size={16} aria-hidden />}
      <input
        ref={field}
        defaultValue={before}
        aria-label={label}
        aria-invalid={problem !== ""}
        aria-describedby={problem ? "wb-naming-problem" : undefined}
        spellCheck={false}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Enter") void finish(event.currentTarget.value);
          else if (event.key === "Escape") leave();
        }}
        onBlur={(event) => {
          const name = event.currentTarget.value;
          if (!name || name === before) tree.name(null);
          else void finish(name);
        }}
      />
      {problem && (
        <p id="wb-naming-problem" role="alert" className="wb-naming-problem">
          {problem}
        </p>
      )}
    </div>
  );
}
