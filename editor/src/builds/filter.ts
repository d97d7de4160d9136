/** Which of a project's builds are shown; the address keeps it. */
import { useMemo } from "react";
import { replaceQuery, useQuery } from "../shared/router";
import type { BuildFilter } from "./api";

export type Filter = Pick<BuildFilter, "ref" | "state" | "search">;

export function useFilter(): [Filter, (filter: Filter) => void] {
  const query = useQuery();
  const filter = useMemo(() => filterOf(query), [query]);
  const change = (wanted: Filter): void => {
    if (queryOf(wanted) !== queryOf(filter)) replaceQuery(queryOf(wanted));
  };
  return [filter, change];
}

export function filterOf(address: string): Filter {
  const query = new URLSearchParams(address);
  const of = (name: string): string | undefined => query.get(name) ?? undefined;
  return { ref: of("ref"), state: of("state"), search: of("search") };
}

export function queryOf({ ref, state, search }: Filter): string {
  const query = new URLSearchParams({ ...(ref ? { ref } : {}), ...(state ? { state } : {}), ...(search ? { search } : {}) }).toString();
  return query ? `?${query}` : "";
}

/** A branch as one reads it: `pr-12` is what a pull request is called here. */
export function branchOf(ref: string | undefined): string {
  return ref?.replace(/^refs\/heads\//, "").replace(/^refs\/pull\//, "pr-").replace(/^refs\/tags\//, "") ?? "";
}
