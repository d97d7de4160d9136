/** Where these pages are: one project's, with its calls and its addresses. */
import type { Account, Project } from "../shared/api";
import { BuildsApi } from "./api";

/** `settings` are those of builds, `project` all others. */
export type PageName = "branches" | "builds" | "hooks" | "settings" | "project";

export interface Place {
  project: Project;
  user: Account;
  api: BuildsApi;
  /** The address of one of the pages, or of the build of that number. */
  link: (page: PageName, number?: number) => string;
}

export interface Shown {
  page: PageName;
  /** The build that is looked at. */
  number: number | null;
}

export function placeOf(project: Project, user: Account): Place {
  const base = baseOf(project);
  return {
    project,
    user,
    api: new BuildsApi(project),
    link: (page, number) => {
      if (number !== undefined) return `${base}/builds/${number}`;
      if (page === "project") return `${base}/settings`;
      return page === "settings" || page === "hooks" ? `${base}/builds/${page}` : `${base}/${page}`;
    },
  };
}

export function baseOf({ owner, name }: Pick<Project, "owner" | "name">): string {
  return `/app/${owner}/${name}`;
}

/** What an address shows: `…/branches`, `…/builds`, `…/builds/12`, `…/builds/hooks`, `…/builds/settings`, `…/settings`. */
export function shownAt(path: string): Shown {
  const [, , , , page, part] = path.split("/");
  if (page === "settings") return { page: "project", number: null };
  if (page !== "builds") return { page: "branches", number: null };
  if (part === "settings" || part === "hooks") return { page: part, number: null };
  return { page: "builds", number: part && /^\d+$/.test(part) ? Number(part) : null };
}
