import { type Layout, layout } from "./state";

/** What the browser remembers of a project between visits: open tabs, the layout, the preview's address. */
export interface Remembered {
  tabs: string[];
  active: string | null;
  expanded: string[];
  layout: Layout;
}

/** What is kept in the browser for one workspace is never shown in another. */
export function placeOf(project: string, workspace: string): string {
  return workspace ? `${project}@${workspace}` : project;
}

export function recall(project: string): Remembered {
  const nothing: Remembered = { tabs: [], active: null, expanded: [], layout };
  try {
    const kept = JSON.parse(localStorage.getItem(`firefly.workbench.${project}`) ?? "{}") as Partial<Remembered>;
    return { ...nothing, ...kept, layout: { ...layout, ...kept.layout } };
  } catch {
    return nothing;
  }
}

export function remember(project: string, what: Remembered): void {
  try {
    localStorage.setItem(`firefly.workbench.${project}`, JSON.stringify(what));
  } catch {
    // A browser that keeps nothing opens the project afresh each time.
    return;
  }
}
