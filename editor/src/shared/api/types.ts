/** The API's answers, as CONTRACT and `/api/v1/openapi.json` describe them. */
export type Role = "owner" | "maintainer" | "editor" | "viewer";
export type Visibility = "members" | "public";
export type SandboxState = "absent" | "starting" | "running" | "frozen" | "stopping" | "stopped" | "failed";
export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Page<Item> {
  items: Item[];
  next: string | null;
}

export interface Account {
  id: string;
  name: string;
  display_name: string;
  email: string | null;
  is_administrator: boolean;
  created_at: string;
}

export interface Me {
  account: Account;
  via: string;
  scopes: string[];
}

export interface Project {
  id: string;
  owner: string;
  name: string;
  description: string;
  visibility: Visibility;
  default_branch: string;
  template: string | null;
  /** `owner/name`, if the user may see it. */
  remix_of: string | null;
  remixes: number;
  role: Role | null;
  created_at: string;
  changed_at: string;
  deleted_at: string | null;
  last_change: { what: string; who: string | null; at: string };
  sandbox: SandboxState;
  sandbox_reason: string;
  freezes_at: string | null;
  stops_at: string | null;
  /** When its shared workspace is archived unless somebody uses it, and since when it is. */
  archives_at?: string | null;
  archived_at?: string | null;
  urls: { editor: string; preview: string; git: string };
}

export interface Step {
  name: string;
  state: JobState;
  started: string | null;
  finished: string | null;
  detail: string;
  percent: number | null;
}

export interface Job {
  id: string;
  project_id: string;
  kind: string;
  state: JobState;
  steps: Step[];
  error: string | null;
  created_at: string;
  finished_at: string | null;
}

export interface CreatedProject extends Project {
  job: Job | null;
}

export interface NewProject {
  name: string;
  description?: string;
  visibility?: Visibility;
  template?: string;
  git_url?: string;
  remix_of?: string;
}

export interface ProjectChange {
  name?: string;
  description?: string;
  visibility?: Visibility;
}

export interface Template {
  name: string;
  title: string;
  description: string;
  order: number;
  icon: string;
  language: string;
}

export interface Member {
  name: string;
  display_name: string;
  role: Role;
  since: string;
}

export interface Sandbox {
  state: SandboxState;
  reason: string;
  since: string;
  freezes_at: string | null;
  stops_at: string | null;
  limits: { memory: number; cpu: number; pids: number; disk: number };
  usage: { memory: number; cpu_seconds: number; pids: number } | null;
}

export interface Token {
  id: string;
  name: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface CreatedToken extends Token {
  token: string;
}

export interface NewToken {
  name: string;
  scopes: string[];
  expires_at?: string | null;
}

export interface Session {
  id: string;
  user_agent: string;
  address: string | null;
  created_at: string;
  last_used_at: string | null;
  current: boolean;
}

export interface AccountChange {
  display_name?: string;
  password?: string;
  current_password?: string;
}

export interface NewAccount {
  name: string;
  display_name?: string;
  email?: string | null;
  is_administrator?: boolean;
  password?: string;
}

export interface CreatedAccount {
  account: Account;
  sign_in_url: string | null;
}

/** One message of `GET /events`. `data` always names the project or the account that it is about. */
export interface ServerEvent {
  kind: string;
  data: Record<string, unknown>;
  id: string;
}

/** A host or an address, reckoned from the requests that were looked at in the last minute. */
export interface Talker {
  name: string;
  requests: number;
  sent: number;
  errors: number;
}

/** Durations in seconds. */
export interface FrontDoor {
  requests_per_second: number;
  errors_per_second: number;
  p50: number;
  p99: number;
  lag_p50: number;
  lag_p99: number;
  longest_lag: number;
  connections: number;
  tunnels: number;
  held: number;
  routes: number;
  pool: { kind: string; workspace_id: string | null; port: number | null; open: number; idle: number }[];
  hosts: Talker[];
  clients: Talker[];
  failures: { at: string; host: string; kind: string; reason: string; request_id: string }[];
}

export interface RouteEntry {
  host: string;
  url: string;
  kind: string;
  state: "running" | "asleep" | null;
  access: string;
  workspace_id: string | null;
  project_id: string | null;
  redirect_to: string | null;
}

export interface Amount {
  used: number;
  /** Null: there is no limit. */
  most: number | null;
}

/** What an owner takes up beside what is allowed. */
export interface Quota {
  owner: string;
  projects: Amount;
  /** Builds that wait for their turn. */
  queued: number;
  running: Amount;
  /** For which builds ran this month. */
  minutes: Amount;
  sites: Amount;
  /** Names of those of the amounts that are too much. */
  exceeded: string[];
}
