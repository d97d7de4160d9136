import { Search } from "lucide-react";
import type { RefObject } from "react";

interface Props {
  label: string;
  hint: string;
  field: RefObject<HTMLInputElement | null>;
  typed: string;
  onType: (text: string) => void;
}

/** A field that `/` leads to; the page's keys say so. */
export function SearchField({ label, hint, field, typed, onType }: Props) {
  return (
    <div className="builds-search">
      <Search size={14} aria-hidden />
      <input
        ref={field}
        className="ff-input"
        type="search"
        aria-label={label}
        placeholder={hint}
        value={typed}
        spellCheck={false}
        autoCapitalize="none"
        onChange={(event) => onType(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          onType("");
          event.currentTarget.blur();
        }}
      />
      {!typed && <kbd aria-hidden="true">/</kbd>}
    </div>
  );
}
