/** What the page's one stream of events tells of access and domains, for whatever of them is open. */
type Listener = (kind: string, data: Record<string, unknown>) => void;

export const ACCESS_KINDS = ["access.changed", "access.requested", "access.answered", "access.entered", "domain.changed"];
/** Told instead of a kind when something may have been missed. */
export const MISSED = "missed";

const listeners = new Set<Listener>();

export function tellAccess(kind: string, data: Record<string, unknown> = {}): void {
  for (const listener of listeners) listener(kind, data);
}

/** Returns the end of listening. */
export function onAccess(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
