import { Hammer } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { useStore } from "zustand";
import { Button, EmptyState, ErrorState, Skeleton, StaleNote } from "../shared/components";
import { BuildList } from "./BuildList";
import { BuildRow } from "./BuildRow";
import { queryOf, useFilter } from "./filter";
import { FirstPush } from "./FirstPush";
import { onBuilds } from "./heard";
import { ListFilters } from "./ListFilters";
import { PageKeys, rowKeys } from "./PageKeys";
import type { Place } from "./place";

/** All builds of a project, newest first. */
export function ListPage({ place }: { place: Place }) {
  const [filter, setFilter] = useFilter();
  const list = useMemo(() => new BuildList(place.api, place.project.id), [place]);
  const { builds, cursor, problem, isLoadingMore } = useStore(list.store);
  const field = useRef<HTMLInputElement>(null);
  const isFiltered = queryOf(filter) !== "";
  useEffect(() => list.look(filter), [list, filter]);
  useEffect(() => {
    document.title = `Builds · ${place.project.owner}/${place.project.name}`;
    const leave = onBuilds((heard) => list.heard(heard));
    return () => {
      leave();
      list.close();
    };
  }, [list, place]);
  return (
    <div className="builds">
      <div className="builds-head">
        <h1>Builds</h1>
        {(builds?.length !== 0 || isFiltered) && <ListFilters filter={filter} field={field} onChange={setFilter} />}
        <PageKeys keys={[{ key: "/", does: "Find builds", run: () => field.current?.focus() }, ...rowKeys(".build-row-link")]} />
      </div>
      {builds && <StaleNote problem={problem} />}
      {!builds ? (
        problem ? (
          <ErrorState problem={problem} onRetry={() => list.load()} />
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
          None is what you look for.
        </EmptyState>
      ) : (
        <FirstPush place={place} />
      )}
      {cursor && (
        <Button kind="quiet" busy={isLoadingMore} onClick={() => list.more()}>
          Show more
        </Button>
      )}
    </div>
  );
}
