import { File, Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { type Command, commandsOf } from "./commands";
import { useWorkbench, useWorkbenchState } from "./context";
import { search } from "./fuzzy";
import { nameOf, parentOf } from "./paths";
import { sayKey } from "./platform";

interface Choice {
  id: string;
  text: string;
  detail: string;
  key: string | undefined;
  run: () => void;
}

/** One field for both: commands by name (Ctrl+K), files by name (Ctrl+P); `>` at the beginning asks for commands. */
export function Palette({ mode }: { mode: "commands" | "files" }) {
  const workbench = useWorkbench();
  const [query, setQuery] = useState(mode === "commands" ? ">" : "");
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const index = useWorkbenchState((state) => state.index);
  const commands = query.startsWith(">");
  const choices = useChoices(commands, query.replace(/^>\s*/, ""));

  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => {
      element?.close();
      if (document.activeElement === document.body) before?.focus();
    };
  }, []);
  useEffect(() => {
    if (!commands && index.state === "loading") void workbench.tree.readIndex();
  }, [commands, index.state, workbench]);
  useEffect(() => {
    document.getElementById(`wb-choice-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const close = (): void => workbench.store.set({ palette: null });
  const choose = (choice: Choice | undefined): void => {
    if (!choice) return;
    dialog.current?.close();
    close();
    choice.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const most = Math.max(0, choices.length - 1);
    if (event.key === "ArrowDown") setAt(at >= most ? 0 : at + 1);
    else if (event.key === "ArrowUp") setAt(at <= 0 ? most : at - 1);
    else if (event.key === "Enter") choose(choices[at]);
    else return;
    event.preventDefault();
  };

  return (
    // A click beside the field closes it, as Escape does.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      className="wb-palette"
      aria-label={commands ? "Commands" : "Files"}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onMouseDown={(event) => event.target === dialog.current && close()}
    >
      <div className="wb-palette-card">
        <div className="wb-palette-field">
          <Search size={16} aria-hidden />
          <input
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
            placeholder="Go to a file, or > for commands"
            role="combobox"
            aria-label={commands ? "Search commands" : "Search files"}
            aria-expanded={choices.length > 0}
            aria-controls="wb-choices"
            aria-autocomplete="list"
            aria-activedescendant={choices.length > 0 ? `wb-choice-${at}` : undefined}
            spellCheck={false}
            autoComplete="off"
            // The dialog was opened to type here.
            // eslint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
          />
        </div>
        <div id="wb-choices" role="listbox" aria-label="Results" className="wb-choices" tabIndex={-1}>
          {choices.map((choice, position) => (
            // The field keeps the focus and has the keys.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <div
              key={choice.id}
              id={`wb-choice-${position}`}
              role="option"
              aria-selected={position === at}
              tabIndex={-1}
              className="wb-choice"
              onMouseMove={() => setAt(position)}
              onClick={() => choose(choice)}
            >
              {!commands && <File size={16} aria-hidden />}
              <span>{choice.text}</span>
              <span className="wb-choice-detail">{choice.detail}</span>
              {choice.key && <kbd>{sayKey(choice.key)}</kbd>}
            </div>
          ))}
        </div>
        {choices.length === 0 && <p className="wb-palette-empty">{emptyText(commands, index.state)}</p>}
      </div>
    </dialog>
  );
}

function emptyText(commands: boolean, state: "loading" | "ready" | "failed"): string {
  if (commands) return "No command has this name.";
  if (state === "loading") return "Reading the names of the files…";
  return state === "failed" ? "The files cannot be listed while the sandbox is away." : "No file has this name.";
}

function useChoices(commands: boolean, query: string): Choice[] {
  const workbench = useWorkbench();
  const paths = useWorkbenchState((state) => state.index.paths);
  const tabs = useWorkbenchState((state) => state.tabs);
  return useMemo(() => {
    if (commands) {
      const possible = commandsOf(workbench).filter((command) => command.when?.() ?? true);
      return search(query, possible, (command) => command.label).map(({ item }) => commandChoice(item));
    }
    const recentFirst = [...tabs, ...paths.filter((path) => !tabs.includes(path))];
    return search(query, recentFirst, (path) => path).map(({ item }) => ({
      id: item,
      text: nameOf(item),
      detail: parentOf(item),
      key: undefined,
      run: () => workbench.documents.open(item),
    }));
  }, [commands, query, paths, tabs, workbench]);
}

function commandChoice(command: Command): Choice {
  return { id: command.id, text: command.label, detail: command.group, key: command.key, run: command.run };
}
