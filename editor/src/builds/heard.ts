/** What the page's one stream of events tells of builds, for whatever of them is shown. */
export interface Heard {
  kind: "build.changed" | "build.step" | "site.changed" | "missed";
  buildId: string;
  projectId: string;
  data: Record<string, unknown>;
}

type Listener = (heard: Heard) => void;

export const BUILD_KINDS: readonly string[] = ["build.changed", "build.step", "site.changed"];

const listeners = new Set<Listener>();

export function tellBuilds(kind: string, data: Record<string, unknown> = {}): void {
  const { build_id: buildId = "", project_id: projectId = "" } = data as { build_id?: string; project_id?: string };
  const heard = { kind: kind as Heard["kind"], buildId, projectId, data };
  for (const listener of listeners) listener(heard);
}

/** Returns the end of listening. */
export function onBuilds(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
