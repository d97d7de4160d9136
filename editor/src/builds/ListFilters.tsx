import { GitBranch, X } from "lucide-react";
import type { RefObject } from "react";
import { branchOf, type Filter } from "./filter";
import { SearchField } from "./SearchField";
import { BUILD_STATES, lookOf } from "./words";

interface Props {
  filter: Filter;
  field: RefObject<HTMLInputElement | null>;
  onChange: (filter: Filter) => void;
}

export function ListFilters({ filter, field, onChange }: Props) {
  return (
    <div className="builds-filters" role="search" aria-label="Builds">
      {filter.ref && (
        <button type="button" className="builds-chip" title="Show those of every branch" onClick={() => onChange({ ...filter, ref: undefined })}>
          <GitBranch size={14} aria-hidden />
          <span>{branchOf(filter.ref)}</span>
          <X size={14} aria-label="Show those of every branch" />
        </button>
      )}
      <SearchField
        label="Find builds"
        hint="Branch, words, person, commit"
        field={field}
        typed={filter.search ?? ""}
        onType={(search) => onChange({ ...filter, search: search || undefined })}
      />
      <select className="ff-input" aria-label="State" value={filter.state ?? ""} onChange={(event) => onChange({ ...filter, state: event.target.value || undefined })}>
        <option value="">Every state</option>
        {BUILD_STATES.map((state) => (
          <option key={state} value={state}>
            {lookOf(state).word}
          </option>
        ))}
      </select>
    </div>
  );
}
