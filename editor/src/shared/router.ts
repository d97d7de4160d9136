/** Which page of an entry is shown: the address bar decides, and links change it without a load. */
import { useSyncExternalStore, type MouseEvent } from "react";

const readers = new Set<() => void>();

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  addEventListener("popstate", reader);
  return () => {
    readers.delete(reader);
    removeEventListener("popstate", reader);
  };
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** What follows the path: empty, or begins with `?`. */
export function useQuery(): string {
  return useSyncExternalStore(subscribe, () => location.search);
}

/** `path` may have a query. */
export function go(path: string): void {
  if (path !== location.pathname + location.search) history.pushState(null, "", path);
  readers.forEach((tell) => tell());
}

/** To another page, which is seen from its top. */
export function enter(path: string): void {
  go(path);
  scrollTo(0, 0);
}

/** The same page with another query, which is no step of its own. */
export function replaceQuery(query: string): void {
  history.replaceState(history.state, "", location.pathname + query);
  readers.forEach((tell) => tell());
}

/** For `onClick` of a link to a page of the same entry: plain clicks stay here, others are the browser's. */
export function stayHere(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
  event.preventDefault();
  enter(event.currentTarget.pathname + event.currentTarget.search);
}
