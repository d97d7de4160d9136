import { buildNow } from "../builds/buildNow";
import { baseOf } from "../builds/place";
import { previewUrl } from "./preview";
import type { Conflict } from "./state";
import type { Workbench } from "./workbench";
import { chooseTheme, themes } from "../shared/theme/theme";

export interface Command {
  id: string;
  label: string;
  group: string;
  key?: string;
  /** The key belongs to the shell while a terminal has the focus. */
  notInTerminal?: boolean;
  when?: () => boolean;
  run: () => void;
}

export type Region = "tree" | "code" | "preview" | "drawer";

export function focusRegion(region: Region): void {
  document.querySelector<HTMLElement>(`[data-region="${region}"] [data-focus]`)?.focus();
}

const order: readonly Region[] = ["tree", "code", "preview", "drawer"];

/** F6, as in desktop programs: from one part of the window to the next. */
export function focusNextRegion(by: 1 | -1): void {
  const shown = order.filter((region) => {
    const element = document.querySelector<HTMLElement>(`[data-region="${region}"]`);
    return element !== null && element.offsetParent !== null;
  });
  const at = shown.findIndex((region) => document.activeElement?.closest(`[data-region="${region}"]`));
  const next = shown[(at + by + shown.length) % shown.length];
  if (next) focusRegion(next);
}

/** Everything that can be done by name or key; the palette lists it, the window listens for the keys. */
export function commandsOf(workbench: Workbench): Command[] {
  return [...fileCommands(workbench), ...viewCommands(workbench), ...runCommands(workbench), ...themeCommands()];
}

function fileCommands({ store, tree, documents }: Workbench): Command[] {
  const active = (): string | null => store.state.active;
  const conflict = (): Conflict | null => store.state.documents[active() ?? ""]?.conflict ?? null;
  return [
    { id: "quick-open", group: "File", label: "Go to file…", key: "Mod+P", notInTerminal: true, run: () => store.set({ palette: "files" }) },
    { id: "save", group: "File", label: "Save", key: "Mod+S", when: () => active() !== null, run: () => void documents.save() },
    { id: "save-all", group: "File", label: "Save all", key: "Mod+Alt+S", run: () => void documents.saveAll() },
    { id: "new-file", group: "File", label: "New file…", key: "Alt+N", run: () => startNaming(tree, store, "file") },
    { id: "new-folder", group: "File", label: "New folder…", key: "Alt+Shift+N", run: () => startNaming(tree, store, "folder") },
    { id: "close", group: "File", label: "Close file", key: "Alt+W", when: () => active() !== null, run: () => documents.close(active() ?? "") },
    { id: "compare", group: "File", label: "Compare with what is on disk", when: () => conflict()?.deleted === false, run: () => store.set({ comparing: true }) },
    { id: "keep-mine", group: "File", label: "Keep mine, replace what is on disk", when: () => conflict() !== null, run: () => documents.keepMine(active() ?? "") },
    { id: "take-theirs", group: "File", label: "Take theirs, replace my text", when: () => conflict() !== null, run: () => documents.takeTheirs(active() ?? "") },
    { id: "next-tab", group: "File", label: "Next open file", key: "Alt+PageDown", run: () => documents.step(1) },
    { id: "previous-tab", group: "File", label: "Previous open file", key: "Alt+PageUp", run: () => documents.step(-1) },
  ];
}

function startNaming(tree: Workbench["tree"], store: Workbench["store"], kind: "file" | "folder"): void {
  if (!store.mayWrite) return;
  store.setLayout({ treeOpen: true });
  store.set({ phone: "files" });
  tree.name({ kind, path: tree.here });
}

function viewCommands({ store, terminals, application, buffers }: Workbench): Command[] {
  const toggle = (key: "treeOpen" | "previewOpen" | "drawerOpen"): void =>
    store.setLayout({ [key]: !store.state.layout[key] });
  return [
    { id: "palette", group: "View", label: "Command palette", key: "Mod+K", notInTerminal: true, run: () => store.set({ palette: "commands" }) },
    { id: "palette-f1", group: "View", label: "Command palette", key: "F1", when: () => false, run: () => store.set({ palette: "commands" }) },
    { id: "files", group: "View", label: "Show or hide files", key: "Mod+B", notInTerminal: true, run: () => toggle("treeOpen") },
    { id: "preview", group: "View", label: "Show or hide preview", key: "Mod+Alt+P", run: () => toggle("previewOpen") },
    { id: "drawer", group: "View", label: "Show or hide panel", key: "Mod+J", notInTerminal: true, run: () => toggle("drawerOpen") },
    {
      id: "terminal",
      group: "View",
      label: "Terminal",
      key: "Ctrl+`",
      run: () => {
        const { layout, drawer } = store.state;
        const shown = layout.drawerOpen && drawer === "terminal";
        store.set({ drawer: "terminal", phone: "code" });
        store.setLayout({ drawerOpen: !shown });
        if (shown) buffers.focus();
        else terminals.ensureOne();
      },
    },
    { id: "new-terminal", group: "View", label: "New terminal", key: "Ctrl+Shift+`", run: () => terminals.add() },
    { id: "output", group: "View", label: "Application output", key: "Mod+Shift+U", run: () => application.showOutput() },
    { id: "focus-files", group: "View", label: "Focus files", key: "Alt+1", run: () => focusRegion("tree") },
    { id: "focus-code", group: "View", label: "Focus code", key: "Alt+2", run: () => buffers.focus() },
    { id: "focus-preview", group: "View", label: "Focus preview", key: "Alt+3", run: () => focusRegion("preview") },
    { id: "next-region", group: "View", label: "Focus next part", key: "F6", run: () => focusNextRegion(1) },
    { id: "previous-region", group: "View", label: "Focus previous part", key: "Shift+F6", run: () => focusNextRegion(-1) },
  ];
}

function runCommands(workbench: Workbench): Command[] {
  const { store, application } = workbench;
  const runs = (): boolean => ["running", "starting", "installing"].includes(store.state.application?.state ?? "");
  const sandboxRuns = (): boolean => store.state.sandbox?.state === "running";
  return [
    { id: "start", group: "Run", label: "Start application", when: () => !runs(), run: () => void application.act("start") },
    { id: "restart", group: "Run", label: "Restart application", key: "Mod+Shift+F5", run: () => void application.act("restart") },
    { id: "stop", group: "Run", label: "Stop application", when: runs, run: () => void application.act("stop") },
    { id: "reload", group: "Run", label: "Reload preview", key: "Alt+R", run: () => application.reloadPreview() },
    {
      id: "open-preview",
      group: "Run",
      label: "Open preview in a new tab",
      run: () => {
        const { project, preview } = store.state;
        window.open(previewUrl(project.previewUrl, preview.port, preview.path), "_blank", "noopener");
      },
    },
    { id: "sandbox-restart", group: "Sandbox", label: "Restart sandbox", when: sandboxRuns, run: () => void workbench.setSandbox("restart") },
    { id: "sandbox-stop", group: "Sandbox", label: "Put sandbox to sleep", when: sandboxRuns, run: () => void workbench.setSandbox("stop") },
    { id: "sandbox-start", group: "Sandbox", label: "Wake sandbox", when: () => !sandboxRuns(), run: () => workbench.connect() },
    { id: "checkpoints", group: "Go", label: "Checkpoints: what was kept, and the way back…", key: "Alt+H", run: () => store.set({ checkpoints: true }) },
    { id: "build", group: "Build", label: "Firefly: build the newest commit", when: () => store.mayWrite, run: () => void buildNow(store.state.project) },
    { id: "builds", group: "Build", label: "Firefly: builds", run: () => location.assign(`${baseOf(store.state.project)}/builds`) },
    { id: "branches", group: "Build", label: "Firefly: branches and their sites", run: () => location.assign(`${baseOf(store.state.project)}/branches`) },
    { id: "share", group: "Go", label: "Share, and answer who asks…", run: () => store.set({ sharing: true }) },
    { id: "remix", group: "Go", label: "Remix this project…", run: () => location.assign(`/remix/${store.state.project.owner}/${store.state.project.name}`) },
    { id: "dashboard", group: "Go", label: "Back to all projects", run: () => location.assign(store.state.project.dashboardUrl) },
    { id: "settings", group: "Go", label: "Project settings", run: () => location.assign(store.state.project.settingsUrl) },
  ];
}

function themeCommands(): Command[] {
  return themes.map(({ id, label }) => ({
    id: `theme-${id}`,
    group: "Theme",
    label: `Theme: ${label.toLowerCase()}`,
    run: () => chooseTheme(id),
  }));
}
