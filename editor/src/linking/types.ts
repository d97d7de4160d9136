/** Connections to providers, what is there, and links of projects, as the API has them. */
import type { Role } from "../shared/api";

export type ProviderName = "github" | "gitlab" | "bitbucket" | "bitbucketdc" | "gitea";
export type Way = "app" | "oauth" | "token";
export type Need = "read" | "public" | "private";

export interface Provider {
  provider: ProviderName;
  title: string;
  url: string;
  /** The recommended way first. */
  ways: Way[];
  token_page: string;
}

export interface Connection {
  id: string;
  provider: ProviderName;
  url: string;
  kind: "oauth" | "token";
  login: string;
  scopes: string[];
  state: "working" | "broken";
  reason: string;
  created_at: string;
  checked_at: string;
}

/** A hook or key of a project that is linked no more. */
export interface Left {
  id: string;
  project: string;
  provider: ProviderName;
  url: string;
  repository: string;
  reason: string;
  due_at: string;
  attempts: number;
}

export interface Connected {
  connections: Connection[];
  providers: Provider[];
  left: Left[];
  app_page: string | null;
}

export interface LinkedHere {
  owner: string;
  name: string;
  /** null: one may join. */
  role: Role | null;
}

export interface Repository {
  path: string;
  description: string;
  private: boolean;
  archived: boolean;
  permission: "none" | "read" | "write" | "admin";
  default_branch: string;
  url: string;
  projects: LinkedHere[];
}

export interface Divergence {
  ref: string;
  state: "diverged" | "refused";
  ours: string | null;
  theirs: string | null;
  reason: string;
  compare_url: string | null;
}

export interface Link {
  provider: ProviderName;
  url: string;
  repository: string;
  web_url: string;
  private: boolean;
  default_branch: string;
  state: "linking" | "linked" | "diverged" | "broken" | "unlinking";
  reason: string;
  key: string | null;
  hook: boolean;
  mirror: "waiting" | "level" | "diverged" | "failing" | null;
  mirror_reason: string;
  waits: boolean;
  looked_at: string | null;
  next_look: string | null;
  refs: Divergence[];
}

export interface NewLink {
  provider: ProviderName;
  url?: string;
  repository?: string;
  create?: { name: string; organisation?: string; private: boolean };
}
