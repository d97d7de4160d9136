import type {
  ApplicationStatus,
  Entry,
  OutputLine,
  Phase,
  Role,
  Sandbox,
} from "../bridge";

export type Phone = "files" | "code" | "preview";
export type Drawer = "terminal" | "output";

export interface Project {
  id: string;
  owner: string;
  name: string;
  branch: string;
  /** Whose own workspace is open; empty for the shared one. */
  workspace: string;
  /** Who may have one of his own here; empty for viewers. */
  me: string;
  previewUrl: string;
  dashboardUrl: string;
  settingsUrl: string;
}

/** One folder of the tree. `loading` only while nothing is known yet: a refresh keeps what is shown. */
export type Folder =
  | { state: "loading" }
  | { state: "ready"; entries: readonly Entry[]; truncated: boolean }
  | { state: "failed"; reason: string };

/** What stands on disk instead of what the user began from. */
export interface Conflict {
  version: string;
  text: string;
  /** The file is gone. */
  deleted: boolean;
}

export interface Document {
  state: "loading" | "ready" | "binary" | "failed";
  reason: string;
  /** null: not on disk yet. */
  version: string | null;
  dirty: boolean;
  saving: boolean;
  conflict: Conflict | null;
  size: number;
}

export interface Terminal {
  key: string;
  /** The bridge's name for it; null until it is open. */
  id: string | null;
  title: string;
  state: "opening" | "running" | "ended" | "failed";
  note: string;
}

export interface Notice {
  id: number;
  tone: "info" | "bad";
  text: string;
  action?: { label: string; run: () => void };
}

export interface Naming {
  kind: "rename" | "file" | "folder";
  /** The entry to rename, or the folder to create in. */
  path: string;
}

export interface Layout {
  tree: number;
  preview: number;
  drawer: number;
  treeOpen: boolean;
  previewOpen: boolean;
  drawerOpen: boolean;
}

export interface WorkbenchState {
  project: Project;
  phase: Phase;
  /** Connected at least once: from then on what is shown stays, whatever happens to the connection. */
  greeted: boolean;
  role: Role;
  pending: readonly string[];
  sandbox: Sandbox | null;
  folders: Readonly<Record<string, Folder>>;
  expanded: ReadonlySet<string>;
  selected: string | null;
  naming: Naming | null;
  uploads: number;
  documents: Readonly<Record<string, Document>>;
  tabs: readonly string[];
  active: string | null;
  comparing: boolean;
  terminals: readonly Terminal[];
  terminal: string | null;
  application: ApplicationStatus | null;
  output: readonly OutputLine[];
  preview: { port: number | null; path: string; visit: number };
  layout: Layout;
  drawer: Drawer;
  phone: Phone;
  palette: "commands" | "files" | null;
  sharing: boolean;
  checkpoints: boolean;
  /** How many ask for access to the preview. */
  asking: number;
  index: { state: "loading" | "ready" | "failed"; paths: readonly string[] };
  notices: readonly Notice[];
}

export const layout: Layout = {
  tree: 240,
  preview: Math.round(Math.max(320, innerWidth * 0.36)),
  drawer: 240,
  treeOpen: true,
  previewOpen: true,
  drawerOpen: false,
};

export function initialState(project: Project, role: Role): WorkbenchState {
  return {
    project,
    phase: { name: "connecting" },
    greeted: false,
    role,
    pending: [],
    sandbox: null,
    folders: { "": { state: "loading" } },
    expanded: new Set(),
    selected: null,
    naming: null,
    uploads: 0,
    documents: {},
    tabs: [],
    active: null,
    comparing: false,
    terminals: [],
    terminal: null,
    application: null,
    output: [],
    preview: { port: null, path: "/", visit: 0 },
    layout,
    drawer: "terminal",
    phone: "code",
    palette: null,
    sharing: false,
    checkpoints: false,
    asking: 0,
    index: { state: "loading", paths: [] },
    notices: [],
  };
}
