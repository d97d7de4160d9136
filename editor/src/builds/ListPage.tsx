import { Hammer } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { Button, EmptyState, ErrorState, Skeleton } from "../shared/components";
import { BuildList } from "./BuildList";
import { BuildRow } from "./BuildRow";
import { onBuilds } from "./heard";
import { FirstPush } from "./FirstPush";
import type { Place } from "./place";
import { BUILD_STATES, lookOf } from "./words";

/** All builds of a project, newest first; the address keeps what they are filtered by. */
export function ListPage({ place }: { place: Place }) {
  const [filter, setFilter] = useFilter();
  const { ref, state } = filter;
  const list = useMemo(() => new BuildList(place.api, place.project.id, { ref, state }), [place, ref, state]);
  const { builds, cursor, problem, isLoadingMore } = useStore(list.store);
  useEffect(() => {
    void list.load();
    const leave = onBuilds((heard) => list.heard(heard));
    return () => {
      leave();
      list.close();
    };
  }, [list]);
  useEffect(() => {
    document.title = `Builds · ${place.project.owner}/${place.project.name}`;
  }, [place]);
  const isFiltered = Boolean(ref ?? state);
  return (
    <div className="builds">
      <div className="builds-head">
        <h1>Builds</h1>
        <Filters filter={filter} onChange={setFilter} />
      </div>
      {!builds ? (
        problem ? (
          <ErrorState problem={problem} onRetry={() => void list.load()} />
        ) : (
          <Skeleton rows={6} label="Loading the builds" />
        )
      ) : builds.length > 0 ? (
        <ul className="rows" aria-label="Builds">
          {builds.map((build) => (
            <BuildRow key={build.id} build={build} place={place} />
          ))}
        </ul>
      ) : isFiltered ? (
        <EmptyState icon={<Hammer size={20} aria-hidden />} title="No such build" action={<Button onClick={() => setFilter({})}>Show all builds</Button>}>
          None is of that branch and in that state.
        </EmptyState>
      ) : (
        <FirstPush place={place} />
      )}
      {builds && problem && (
        <p className="builds-note" role="alert">
          {problem.detail}
        </p>
      )}
      {cursor && (
        <Button kind="quiet" busy={isLoadingMore} onClick={() => void list.more()}>
          Show more
        </Button>
      )}
    </div>
  );
}

interface Filter {
  ref?: string | undefined;
  state?: string | undefined;
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const [typed, setTyped] = useState(branchOf(filter.ref));
  return (
    <form
      className="builds-filters"
      role="search"
      aria-label="Builds"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ ...filter, ref: refOf(typed) });
      }}
    >
      <input className="ff-input" type="search" aria-label="Branch" placeholder="Branch" value={typed} spellCheck={false} autoCapitalize="none" onChange={(event) => setTyped(event.target.value)} onBlur={() => onChange({ ...filter, ref: refOf(typed) })} />
      <select className="ff-input" aria-label="State" value={filter.state ?? ""} onChange={(event) => onChange({ ...filter, state: event.target.value || undefined })}>
        <option value="">Every state</option>
        {BUILD_STATES.map((state) => (
          <option key={state} value={state}>
            {lookOf(state).word}
          </option>
        ))}
      </select>
    </form>
  );
}

/** `pr-12` is what a pull request is called here; everything else is a branch, unless it is a whole ref. */
export function refOf(typed: string): string | undefined {
  const name = typed.trim();
  if (!name) return undefined;
  const pull = /^pr-(\d+)$/.exec(name);
  if (pull) return `refs/pull/${pull[1]}`;
  return name.startsWith("refs/") ? name : `refs/heads/${name}`;
}

export function branchOf(ref: string | undefined): string {
  return ref?.replace(/^refs\/heads\//, "").replace(/^refs\/pull\//, "pr-") ?? "";
}

function useFilter(): [Filter, (filter: Filter) => void] {
  const [filter, setFilter] = useState<Filter>(() => {
    const query = new URLSearchParams(location.search);
    return { ref: query.get("ref") ?? undefined, state: query.get("state") ?? undefined };
  });
  const change = ({ ref, state }: Filter): void => {
    if (ref === filter.ref && state === filter.state) return;
    const query = new URLSearchParams({ ...(ref ? { ref } : {}), ...(state ? { state } : {}) }).toString();
    history.replaceState(history.state, "", location.pathname + (query ? `?${query}` : ""));
    setFilter({ ref, state });
  };
  return [filter, change];
}
