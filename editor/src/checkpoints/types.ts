/** Checkpoints of a workspace, as `/api/v1/openapi.json` describes them. */
export interface Checkpoint {
  id: string;
  at: string;
  branch: string;
  /** How many files differ from the checkpoint before; `paths` are the first of them. */
  files: number;
  paths: string[];
  added: number;
  removed: number;
}

/** With what a checkpoint is compared: with the one before it, or with the workspace as it is. */
export type Against = "before" | "now";

export interface FileChange {
  path: string;
  change: "added" | "deleted" | "modified";
  /** Lines; null where the file is no text, or too large to be compared. */
  added: number | null;
  removed: number | null;
}

/** From `base` to `target`. */
export interface Changes {
  base: string;
  target: string;
  files: number;
  items: FileChange[];
  next: string | null;
}

/** A file that is kept nowhere outside of the sandbox. */
export interface RefusedFile {
  path: string;
  size: number;
  reason: string;
  remedy: string;
}

export interface Status {
  kept: boolean;
  kept_at: string | null;
  error: string;
  refused: RefusedFile[];
}

/** `undo`: the checkpoint of what was there until then. */
export interface Restored {
  files: number;
  undo: string | null;
}
