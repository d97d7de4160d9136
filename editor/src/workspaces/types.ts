import type { Job, SandboxState } from "../shared/api";

/** The shared workspace of a project, or a member's own. */
export interface Workspace {
  /** Whose own it is; null for the shared one. */
  member: string | null;
  /** That member may still use it. */
  open: boolean;
  ready: boolean;
  state: SandboxState;
  reason: string;
  since: string;
  archives_at: string | null;
  archived_at: string | null;
  archive_note: string;
  urls: { editor: string; preview: string };
}

export interface OpenedWorkspace extends Workspace {
  job: Job | null;
}
