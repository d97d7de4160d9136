import { type Bridge, type Change, type Entry, Disconnected, sentence, type Server } from "../../bridge";
import { isWithin, join, moved, nameOf, nameProblem, parentOf } from "../paths";
import type { Folder, Naming } from "../state";
import type { Store } from "../store";
import type { Documents } from "./documents";

/** The file tree: what is shown of it, and everything that can be done to files from it. */
export class Tree {
  private readonly reading = new Set<string>();
  private readonly again = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly bridge: Bridge,
    private readonly server: Server,
    private readonly documents: Documents,
  ) {}

  /** Reads all open folders anew. */
  async refresh(): Promise<void> {
    await Promise.all(["", ...this.store.state.expanded].map((path) => this.read(path)));
  }

  toggle(path: string, open = !this.store.state.expanded.has(path)): void {
    const expanded = new Set(this.store.state.expanded);
    if (open) expanded.add(path);
    else expanded.delete(path);
    this.store.set({ expanded });
    if (open) void this.read(path);
  }

  select(path: string | null): void {
    this.store.set({ selected: path });
  }

  name(naming: Naming | null): void {
    if (naming && naming.kind !== "rename" && naming.path) this.toggle(naming.path, true);
    this.store.set({ naming });
  }

  /** The folder in which something new belongs: the selected one, or that of the selected file. */
  get here(): string {
    const { selected } = this.store.state;
    if (selected === null) return "";
    return this.entry(selected)?.kind === "folder" ? selected : parentOf(selected);
  }

  /** Returns what is wrong with the name, or null when it is done. */
  async finishNaming(name: string): Promise<string | null> {
    const naming = this.store.state.naming;
    if (!naming) return null;
    const problem = nameProblem(name);
    if (problem) return problem;
    try {
      if (naming.kind === "rename") await this.move(naming.path, join(parentOf(naming.path), name));
      else await this.create(join(naming.path, name), naming.kind);
      this.store.set({ naming: null });
      return null;
    } catch (error) {
      return sentence(error);
    }
  }

  /** Moves into a folder; says so and offers to undo it. */
  async moveInto(path: string, folder: string): Promise<void> {
    const to = join(folder, nameOf(path));
    if (to === path || isWithin(folder, path)) return;
    try {
      await this.move(path, to);
      this.store.tell(`Moved ${nameOf(path)} to ${folder || "the project's root"}.`, {
        action: { label: "Undo", run: () => void this.attempt(this.move(to, path)) },
      });
    } catch (error) {
      this.store.tell(`${nameOf(path)} was not moved: ${sentence(error)}`, { tone: "bad" });
    }
  }

  async duplicate(path: string): Promise<void> {
    const siblings = this.entries(parentOf(path)).map((entry) => entry.name);
    const to = join(parentOf(path), copyName(nameOf(path), siblings));
    await this.attempt(this.bridge.call("files.copy", { path, to }).then(() => this.read(parentOf(path))));
    this.select(to);
  }

  async remove(path: string): Promise<void> {
    try {
      const { undo } = await this.bridge.call("files.delete", { path });
      const siblings = this.entries(parentOf(path));
      const index = siblings.findIndex((entry) => entry.path === path);
      this.select((siblings[index + 1] ?? siblings[index - 1])?.path ?? (parentOf(path) || null));
      this.documents.deleted(path);
      await this.read(parentOf(path));
      this.store.tell(`Deleted ${nameOf(path)}.`, { action: { label: "Undo", run: () => void this.restore(undo) } });
    } catch (error) {
      this.store.tell(`${nameOf(path)} was not deleted: ${sentence(error)}`, { tone: "bad" });
    }
  }

  /** `files` by their path below `folder`. */
  async upload(folder: string, files: readonly { path: string; body: Blob }[]): Promise<void> {
    const exist: { path: string; body: Blob }[] = [];
    this.store.set({ uploads: this.store.state.uploads + files.length });
    for (const file of files) {
      const path = join(folder, file.path);
      const result = await this.server.upload(path, file.body, false);
      this.store.set({ uploads: this.store.state.uploads - 1 });
      if (result.kind === "exists") exist.push({ path, body: file.body });
      if (result.kind === "failed") this.store.tell(`${file.path} was not uploaded: ${result.reason}`, { tone: "bad" });
    }
    if (exist.length > 0) this.offerReplacing(exist);
    await this.refresh();
  }

  downloadUrl(path: string): string {
    return this.server.fileUrl(path);
  }

  /** The bridge says what has changed: the folders that are shown and touched are read again. */
  changed(changes: readonly Change[], missed: boolean): void {
    if (missed) {
      void this.refresh();
      return;
    }
    const folders = new Set(changes.filter(({ change }) => change !== "modified").map(({ path }) => parentOf(path)));
    for (const folder of folders) if (this.store.state.folders[folder]) void this.read(folder);
    if (folders.size > 0) this.store.set({ index: { ...this.store.state.index, state: "loading" } });
  }

  async readIndex(): Promise<void> {
    try {
      const { paths } = await this.bridge.call("files.index", {});
      this.store.set({ index: { state: "ready", paths } });
    } catch {
      this.store.set({ index: { ...this.store.state.index, state: "failed" } });
    }
  }

  entry(path: string): Entry | undefined {
    return this.entries(parentOf(path)).find((entry) => entry.path === path);
  }

  private entries(folder: string): readonly Entry[] {
    const known = this.store.state.folders[folder];
    return known?.state === "ready" ? known.entries : [];
  }

  /** One reading of a folder at a time; a change during it asks for one more. */
  async read(path: string): Promise<void> {
    if (this.reading.has(path)) {
      this.again.add(path);
      return;
    }
    this.reading.add(path);
    if (!this.store.state.folders[path]) this.setFolder(path, { state: "loading" });
    try {
      const { entries, truncated = false } = await this.bridge.call("files.list", { path, depth: 1 });
      this.setFolder(path, { state: "ready", entries, truncated });
    } catch (error) {
      if (!(error instanceof Disconnected)) this.setFolder(path, { state: "failed", reason: sentence(error) });
    } finally {
      this.reading.delete(path);
      if (this.again.delete(path)) void this.read(path);
    }
  }

  private async create(path: string, kind: "file" | "folder"): Promise<void> {
    await this.bridge.call("files.create", { path, kind });
    for (let folder = parentOf(path); folder; folder = parentOf(folder)) this.toggle(folder, true);
    await this.read(parentOf(path));
    if (kind === "file") this.documents.open(path);
    else this.toggle(path, true);
    this.select(path);
  }

  private async move(from: string, to: string): Promise<void> {
    if (from === to) return;
    await this.bridge.call("files.rename", { path: from, to });
    const { expanded, folders } = this.store.state;
    this.store.set({
      expanded: new Set([...expanded].map((path) => moved(path, from, to) ?? path)),
      folders: Object.fromEntries(Object.entries(folders).filter(([path]) => !isWithin(path, from))),
      selected: to,
    });
    this.documents.renamed(from, to);
    await this.refresh();
  }

  private async restore(undo: string): Promise<void> {
    const restored = await this.attempt(this.bridge.call("files.restore", { undo }));
    if (!restored) return;
    await this.read(parentOf(restored.path));
    this.select(restored.path);
  }

  private offerReplacing(files: readonly { path: string; body: Blob }[]): void {
    const first = files[0];
    if (!first) return;
    const what = files.length === 1 ? `${nameOf(first.path)} exists already.` : `${files.length} files exist already.`;
    this.store.tell(`${what} The old contents were kept.`, {
      tone: "bad",
      action: {
        label: "Replace",
        run: () => void this.attempt(Promise.all(files.map((file) => this.server.upload(file.path, file.body, true)))),
      },
    });
  }

  private setFolder(path: string, folder: Folder): void {
    this.store.set({ folders: { ...this.store.state.folders, [path]: folder } });
  }

  private async attempt<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      this.store.tell(sentence(error), { tone: "bad" });
      return null;
    }
  }
}

function copyName(name: string, taken: readonly string[]): string {
  const dot = name.lastIndexOf(".");
  const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  for (let n = 1; ; n += 1) {
    const candidate = `${stem} copy${n === 1 ? "" : ` ${n}`}${end}`;
    if (!taken.includes(candidate)) return candidate;
  }
}
