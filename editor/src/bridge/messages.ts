/** What the bridge and the editor say to each other; the shapes are those of `firefly/protocol`. */

export const SUBPROTOCOL = "firefly.bridge.v1";

export type Role = "owner" | "maintainer" | "editor" | "viewer";
export type Kind = "file" | "folder" | "link";

export interface Hello {
  protocol: number;
  workspace_id: string;
  project: { owner: string; name: string } | null;
  role: Role;
  limits: { file: number; message: number };
  features: string[];
}

export interface Entry {
  path: string;
  name: string;
  kind: Kind;
  size: number;
  modified: string;
  ignored: boolean;
}

export interface FileContent {
  path: string;
  text?: string | null;
  base64?: string | null;
  encoding: "utf-8" | "base64";
  size: number;
  version: string;
}

export interface Change {
  path: string;
  change: "added" | "modified" | "deleted";
  kind?: Kind | null;
  version?: string | null;
}

export interface FilesChanged {
  changes: Change[];
  missed?: boolean;
}

export interface TerminalInfo {
  id: string;
  cols: number;
  rows: number;
  opened: string;
  member: string;
  running: boolean;
  code?: number | null;
}

export type ApplicationState = "stopped" | "installing" | "starting" | "running" | "crashed" | "waiting";

export interface Step {
  name: string;
  command: string;
  state: "waiting" | "running" | "done" | "skipped" | "failed";
  started?: string | null;
  finished?: string | null;
}

export interface ApplicationStatus {
  state: ApplicationState;
  kind: "server" | "static" | "script" | "none";
  command: string | null;
  port: number;
  reason: string;
  since: string;
  exit_code?: number | null;
  restarts: number;
  found_by: string;
  steps: Step[];
  notes?: string[];
}

export interface OutputLine {
  seq: number;
  time: string;
  stream: "stdout" | "stderr" | "system";
  text: string;
}

type None = Record<string, never>;

/** Method → what it takes and what it answers. */
export interface Methods {
  "bridge.hello": [{ client: string }, Hello];
  "files.list": [{ path: string; depth?: number }, { entries: Entry[]; truncated?: boolean }];
  "files.index": [None, { paths: string[]; truncated: boolean }];
  "files.read": [{ path: string }, FileContent];
  "files.write": [
    { path: string; text: string; version: string | null; force?: boolean },
    { version: string; size: number },
  ];
  "files.create": [{ path: string; kind: "file" | "folder" }, { path: string; version?: string | null }];
  "files.rename": [{ path: string; to: string }, unknown];
  "files.copy": [{ path: string; to: string }, unknown];
  "files.delete": [{ path: string }, { undo: string }];
  "files.restore": [{ undo: string }, { path: string }];
  "files.watch": [None, unknown];
  "terminal.open": [{ cols: number; rows: number; cwd?: string }, { id: string; channel: number }];
  "terminal.attach": [{ id: string }, { id: string; channel: number }];
  "terminal.list": [None, { terminals: TerminalInfo[] }];
  "terminal.resize": [{ id: string; cols: number; rows: number }, unknown];
  "terminal.close": [{ id: string }, unknown];
  "application.status": [None, ApplicationStatus];
  "application.start": [None, ApplicationStatus];
  "application.stop": [None, ApplicationStatus];
  "application.restart": [None, ApplicationStatus];
  "application.subscribe": [{ after?: number }, { lines: OutputLine[] }];
}

export interface Notifications {
  "files.changed": FilesChanged;
  "terminal.exited": { id: string; code: number };
  "application.changed": ApplicationStatus;
  "application.output": { lines: OutputLine[] };
  "bridge.error": { code: string; channel?: number };
}

export type Method = keyof Methods;
export type Params<M extends Method> = Methods[M][0];
export type Result<M extends Method> = Methods[M][1];
export type NotificationName = keyof Notifications;
