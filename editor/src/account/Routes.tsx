import { useEffect, useState } from "react";
import { asProblem, type Api, type Page, type Problem, type RouteEntry } from "../shared/api";
import { reach } from "../shared/api/reach";
import { Button, ErrorState, Skeleton } from "../shared/components";
import { sayNumber } from "./amounts";

const TYPING = 200;

export function Routes({ api, total }: { api: Api; total: number }) {
  const [search, setSearch] = useState("");
  const { pages, problem, more, again } = useRoutes(api, search);
  const routes = pages?.flatMap((page) => page.items) ?? [];
  const next = pages?.at(-1)?.next ?? null;
  return (
    <section id="routes" className="account-section" aria-label="Routes" tabIndex={-1}>
      <div className="account-head">
        <h2>
          Routes <span className="ff-muted">{sayNumber(total)}</span>
        </h2>
        <input className="ff-input door-search" type="search" aria-label="Find a host" placeholder="Find a host" value={search} onChange={(event) => setSearch(event.target.value)} />
      </div>
      {problem && !pages ? (
        <ErrorState problem={problem} onRetry={again} />
      ) : !pages ? (
        <Skeleton rows={3} label="Loading the routes" />
      ) : routes.length === 0 ? (
        <p className="ff-muted">{search ? `No host has "${search}" in it.` : "There are none yet: each project gets one."}</p>
      ) : (
        <ul className="items door-list">
          {routes.map((route) => (
            <li key={route.host} className="item">
              <div className="item-text">
                <a className="item-title" href={route.url}>
                  {route.host}
                </a>
                <span className="item-hint">{sayRoute(route)}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
      {next && (
        <Button kind="quiet" onClick={() => more(next)}>
          Show more
        </Button>
      )}
    </section>
  );
}

/** Where it leads, whether that runs, who may look. */
function sayRoute(route: RouteEntry): string {
  if (route.redirect_to) return `redirects to ${route.redirect_to}`;
  return [route.kind, route.state, route.access].filter(Boolean).join(" · ");
}

/** Pages of the routes whose host has `search` in it, loaded once typing pauses. */
function useRoutes(api: Api, search: string) {
  const [pages, setPages] = useState<Page<RouteEntry>[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let wanted = true;
    const timer = window.setTimeout(() => {
      api.routes(search, null).then(
        (page) => {
          if (!wanted) return;
          setPages([page]);
          setProblem(null);
        },
        (thrown: unknown) => wanted && setProblem(asProblem(thrown)),
      );
    }, TYPING);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [api, search, turn]);
  useEffect(() => reach.onReturn(() => setTurn((count) => count + 1)), []);
  const more = (cursor: string): void =>
    void api.routes(search, cursor).then(
      (page) => setPages((before) => [...(before ?? []), page]),
      (thrown: unknown) => setProblem(asProblem(thrown)),
    );
  return { pages, problem, more, again: () => setTurn((count) => count + 1) };
}
