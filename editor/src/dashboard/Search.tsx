import { Search as Glass } from "lucide-react";
import { useRef, type KeyboardEvent } from "react";
import { useShortcut } from "./useShortcut";

/** Filters the rows below; `/` comes here, the arrow leads down, Enter opens the first one. */
export function Search({ query, onChange }: { query: string; onChange: (query: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useShortcut("/", () => input.current?.select());
  const onKeyDown = (event: KeyboardEvent) => {
    const first = document.querySelector<HTMLAnchorElement>(".project-link");
    if (event.key === "ArrowDown") first?.focus();
    else if (event.key === "Enter") first?.click();
    else if (event.key === "Escape") {
      onChange("");
      input.current?.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <div className="search" role="search">
      <Glass size={16} aria-hidden />
      <input
        ref={input}
        type="search"
        aria-label="Find a project"
        aria-keyshortcuts="/"
        placeholder="Find a project"
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}
