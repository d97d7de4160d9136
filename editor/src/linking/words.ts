/** What links and connections are called, and how they stand. */
import type { Divergence, Link, ProviderName, Repository } from "./types";

export const TITLES: Record<ProviderName, string> = {
  github: "GitHub",
  gitlab: "GitLab",
  bitbucket: "Bitbucket",
  bitbucketdc: "Bitbucket Data Center",
  gitea: "Gitea",
};

export interface Standing {
  label: string;
  tone: "ok" | "waits" | "bad";
  /** More, and what to do. */
  why: string;
}

export function standingOf(link: Link): Standing {
  const title = TITLES[link.provider];
  if (link.state === "linking") return { label: "Being linked", tone: "waits", why: "" };
  if (link.state === "broken") return { label: `${title} does not let Firefly in`, tone: "bad", why: link.reason };
  if (link.refs.some(({ state }) => state === "diverged"))
    return { label: "Both sides went on", tone: "bad", why: "Nothing is overwritten. Choose for each branch what becomes of it." };
  if (link.mirror === "failing") return { label: `Not everything is at ${title}`, tone: "bad", why: link.mirror_reason };
  if (link.waits) return { label: `On the way to ${title}`, tone: "waits", why: "" };
  return { label: "In step", tone: "ok", why: "" };
}

export function branchOf({ ref }: Divergence): string {
  return ref.replace(/^refs\/(heads|tags)\//, "");
}

/** Why a repository cannot be imported; empty where it can. */
export function whyNot({ archived, permission }: Repository): string {
  if (archived) return "Archived: nobody can push to it";
  if (permission !== "admin") return "You may not administer it, so no hook can be added";
  return "";
}

/** The name for a project that a repository's gives. */
export function nameOf(path: string): string {
  const last = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return last.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}
