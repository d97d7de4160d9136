/** Builds, branches and settings as the API gives them. */
import type { SandboxState } from "../shared/api";

export type BuildState =
  | "waiting"
  | "queued"
  | "running"
  | "succeeded"
  | "failed"
  | "tests_failed"
  | "cancelled"
  | "killed"
  | "timed_out"
  | "superseded";

export type Trigger = "push" | "webhook" | "pull_request" | "manual" | "api" | "schedule" | "retry" | "sweep";
export type StepState = "running" | "succeeded" | "failed" | "skipped" | "ended";
export type SiteState = "starting" | "live" | "failed" | "stopped" | "replaced" | "removed";

export interface Step {
  position: number;
  name: string;
  command: string | null;
  state: StepState;
  reason: string;
  exit_code: number | null;
  started_at: string;
  ended_at: string | null;
}

export interface Failure {
  step: string;
  cause: string;
  remedy: string;
  command: string;
  exit_code: number | null;
  lines: string[];
}

export interface Site {
  state: SiteState;
  reason: string;
  url: string;
  urls: string[];
  /** It is nothing but pages, which need no process, and never sleeps. */
  is_pages: boolean;
  sandbox_state: SandboxState | null;
  /** When its sandbox goes to sleep unless somebody looks. */
  stops_at: string | null;
}

export interface Build {
  id: string;
  /** `owner/name`. */
  project: string;
  number: number;
  ref: string;
  branch: string;
  commit: string;
  subject: string;
  author: string;
  trigger: Trigger;
  by: string;
  pull_request: number | null;
  trust: "project" | "fork";
  state: BuildState;
  reason: string;
  failure: Failure | null;
  artifact: string | null;
  configured_by: string | null;
  reused_from: string | null;
  created_at: string;
  queued_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  queue: { position: number; ahead_of_project: number; queued_seconds: number; held: boolean; reason: string } | null;
  seconds: number | null;
  /** Empty in lists. */
  steps: Step[];
  site: Site | null;
  kept_until: string | null;
}

export interface BuildPage {
  builds: Build[];
  cursor: string | null;
}

export interface Branch {
  ref: string;
  branch: string;
  commit: string;
  subject: string;
  /** Why it was not built, where it was not. */
  reason: string;
  pull_request: { number: number; title: string; url: string; state: "open" | "merged" | "closed" } | null;
  newest: Build | null;
  site: Site | null;
  is_demo: boolean;
  deleted: boolean;
}

export interface Commit {
  commit: string;
  subject: string;
  author: string;
  at: string;
}

/** The newest build before it that went well, and what came since, newest first. */
export interface BuildChanges {
  since: Build | null;
  commits: Commit[];
  more: boolean;
}

export interface LogLine {
  /** Counted from 1. */
  n: number;
  /** Milliseconds since the build began. */
  at: number;
  /** The position of its step. */
  step: number;
  stream: "out" | "err" | "firefly";
  text: string;
}

/** What a build does, and why. */
export interface Explanation {
  strategy: string;
  family: string;
  runtime: string | null;
  versions: Record<string, string>;
  install: string[];
  build: string[];
  test: string[];
  run: string[];
  port: number | null;
  folder: string | null;
  configured_by: string | null;
  why: Record<string, string>;
  notes: string[];
}

export type Policy = "all" | "none" | "patterns";

export interface BuildSettings {
  policy: Policy;
  patterns: string[];
  pull_requests: boolean;
  held: boolean;
  held_reason: string;
  configuration: string | null;
  configuration_forced: boolean;
  /** Seconds; null: as the installation has it. */
  timeout: number | null;
  commit_status: boolean;
  pull_request_comment: boolean;
  deployments: boolean;
  failure_mail: boolean;
  /** Lets the badge be seen where the project is not public. */
  badge_key: string;
}
