import { type Bridge, type Change, Code, type Drafts, Disconnected, RpcError, sentence } from "../../bridge";
import type { Buffers } from "../buffers";
import { isWithin, moved, nameOf } from "../paths";
import type { Document } from "../state";
import type { Store } from "../store";

const DRAFT_AFTER = 300;

const fresh: Document = {
  state: "loading",
  reason: "",
  version: null,
  dirty: false,
  saving: false,
  conflict: null,
  size: 0,
};

/** Open files: reading, saving, what to do when somebody else has changed them, and drafts of what is not saved. */
export class Documents {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly loading = new Map<string, Promise<void>>();

  constructor(
    private readonly store: Store,
    private readonly bridge: Bridge,
    private readonly buffers: Buffers,
    private readonly drafts: Drafts,
  ) {}

  open(path: string): void {
    const { tabs, documents } = this.store.state;
    this.store.set({
      tabs: tabs.includes(path) ? tabs : [...tabs, path],
      documents: documents[path] ? documents : { ...documents, [path]: fresh },
      active: path,
      selected: path,
      comparing: false,
      phone: "code",
    });
    if (!this.buffers.has(path)) void this.load(path);
  }

  /** Tabs and drafts of an earlier visit. */
  async restore(tabs: readonly string[], active: string | null): Promise<void> {
    const drafts = await this.drafts.all();
    const paths = [...new Set([...tabs, ...drafts.map((draft) => draft.path)])];
    const documents = { ...this.store.state.documents };
    for (const path of paths) documents[path] ??= fresh;
    this.store.set({ tabs: paths, documents, active: active && paths.includes(active) ? active : (paths[0] ?? null) });
    for (const draft of drafts) {
      this.buffers.open(draft.path, draft.text, "");
      this.store.setDocument(draft.path, { state: "ready", version: draft.version, dirty: true });
    }
    await Promise.all(drafts.map((draft) => this.settleDraft(draft.path, draft.wanted)));
  }

  /** Everything that is shown is read again: after a reconnect nobody told us what has changed. */
  async refresh(): Promise<void> {
    await Promise.all(this.store.state.tabs.map((path) => (this.buffers.has(path) ? this.compareWithDisk(path) : this.load(path))));
  }

  /** One reading at a time. */
  load(path: string): Promise<void> {
    const under = this.loading.get(path) ?? this.read(path).finally(() => this.loading.delete(path));
    this.loading.set(path, under);
    return under;
  }

  private async read(path: string): Promise<void> {
    this.store.setDocument(path, { state: "loading", reason: "" });
    try {
      const content = await this.bridge.call("files.read", { path });
      if (!this.store.state.documents[path]) return;
      if (typeof content.text === "string") {
        this.buffers.open(path, content.text);
        this.store.setDocument(path, { ...fresh, state: "ready", version: content.version, size: content.size });
      } else {
        this.store.setDocument(path, { ...fresh, state: "binary", version: content.version, size: content.size });
      }
    } catch (error) {
      // Without a connection the skeleton stays: `refresh` comes back for it.
      if (error instanceof Disconnected) return;
      this.store.setDocument(path, { state: "failed", reason: sentence(error) });
    }
  }

  edited(path: string): void {
    const document = this.store.state.documents[path];
    if (!document) return;
    const dirty = this.buffers.isDirty(path);
    if (dirty !== document.dirty) this.store.setDocument(path, { dirty });
    clearTimeout(this.timers.get(path));
    this.timers.set(path, setTimeout(() => this.keepDraft(path, false), DRAFT_AFTER));
  }

  async save(path: string | null = this.store.state.active): Promise<void> {
    const document = path === null ? undefined : this.store.state.documents[path];
    if (path === null || document?.state !== "ready") return;
    if (!this.store.mayWrite) {
      this.store.tell("You may look at this project but not change it.", { tone: "bad" });
      return;
    }
    if (!document.dirty && document.version !== null && !document.conflict) return;
    if (document.conflict) {
      this.store.tell(`${nameOf(path)} has changed on disk. Choose which one to keep first.`, { tone: "bad" });
      return;
    }
    await this.write(path, document.version);
  }

  async saveAll(): Promise<void> {
    const { tabs, documents } = this.store.state;
    await Promise.all(tabs.filter((path) => documents[path]?.dirty).map((path) => this.save(path)));
  }

  keepMine(path: string): void {
    const conflict = this.store.state.documents[path]?.conflict;
    if (!conflict) return;
    const version = conflict.deleted ? null : conflict.version;
    this.store.setDocument(path, { conflict: null, version });
    this.store.set({ comparing: false });
    void this.write(path, version);
  }

  takeTheirs(path: string): void {
    const conflict = this.store.state.documents[path]?.conflict;
    if (!conflict) return;
    this.store.set({ comparing: false });
    if (conflict.deleted) {
      this.close(path, true);
      return;
    }
    this.buffers.replace(path, conflict.text);
    this.settle(path, conflict.version);
  }

  /** A file with unsaved text is closed only when `force` says that it may be lost. */
  close(path: string, force = false): void {
    const { tabs, documents, active } = this.store.state;
    const document = documents[path];
    if (document?.dirty && !force) {
      this.store.tell(`${nameOf(path)} is not saved.`, {
        tone: "bad",
        action: { label: "Close without saving", run: () => this.close(path, true) },
      });
      return;
    }
    const index = tabs.indexOf(path);
    const left = tabs.filter((tab) => tab !== path);
    const next = active === path ? (left[Math.min(index, left.length - 1)] ?? null) : active;
    const rest = Object.fromEntries(Object.entries(documents).filter(([key]) => key !== path));
    this.store.set({ tabs: left, documents: rest, active: next, comparing: false });
    this.forget(path);
  }

  step(by: 1 | -1): void {
    const { tabs, active } = this.store.state;
    const next = tabs[(tabs.indexOf(active ?? "") + by + tabs.length) % tabs.length];
    if (next !== undefined) this.store.set({ active: next, comparing: false });
  }

  /** Files were moved: their tabs, texts and drafts move along. */
  renamed(from: string, to: string): void {
    const rename = (path: string): string => moved(path, from, to) ?? path;
    const { tabs, documents, active } = this.store.state;
    for (const path of tabs) {
      if (rename(path) === path) continue;
      this.buffers.rename(path, rename(path));
      this.bridge.renamePending(path, rename(path));
      void this.drafts.remove(path);
    }
    this.store.set({
      tabs: tabs.map(rename),
      documents: Object.fromEntries(Object.entries(documents).map(([path, document]) => [rename(path), document])),
      active: active === null ? null : rename(active),
    });
    for (const path of this.store.state.tabs) if (this.store.state.documents[path]?.dirty) this.keepDraft(path, false);
  }

  deleted(path: string): void {
    for (const tab of this.store.state.tabs.filter((tab) => isWithin(tab, path))) {
      if (this.store.state.documents[tab]?.dirty) this.goneOnDisk(tab);
      else this.close(tab, true);
    }
  }

  /** The bridge says what has changed on disk. */
  async changed(changes: readonly Change[]): Promise<void> {
    const { documents } = this.store.state;
    const touched = changes.filter(({ path, version }) => {
      const document = documents[path];
      return document !== undefined && !document.saving && version !== document.version;
    });
    await Promise.all(touched.map(({ path }) => this.compareWithDisk(path)));
  }

  /** The page goes away, or is hidden and may be discarded. */
  rescue(): void {
    const { documents } = this.store.state;
    const dirty = Object.entries(documents).filter(([, document]) => document.dirty);
    this.drafts.rescue(dirty.map(([path, document]) => this.draft(path, document.version, document.saving)));
  }

  private async write(path: string, version: string | null): Promise<void> {
    const text = this.buffers.text(path);
    this.store.setDocument(path, { saving: true });
    this.keepDraft(path, true);
    const outcome = await this.bridge.save(path, text, version);
    this.store.setDocument(path, { saving: false });
    if (outcome.kind === "saved") {
      this.buffers.markSaved(path, outcome.text);
      this.settle(path, outcome.version);
    } else if (outcome.kind === "conflict") {
      this.clash(path, outcome.version, outcome.text);
    } else {
      this.store.tell(`${nameOf(path)} could not be saved: ${sentence(outcome.error)}`, {
        tone: "bad",
        action: { label: "Try again", run: () => void this.save(path) },
      });
    }
  }

  private async settleDraft(path: string, wanted: boolean): Promise<void> {
    await this.compareWithDisk(path);
    const document = this.store.state.documents[path];
    if (wanted && document?.dirty && !document.conflict) await this.save(path);
  }

  private async compareWithDisk(path: string): Promise<void> {
    try {
      const content = await this.bridge.call("files.read", { path });
      const document = this.store.state.documents[path];
      if (!document || document.saving) return;
      if (content.version === document.version) {
        this.learn(path, content.text);
        return;
      }
      if (typeof content.text !== "string") {
        this.store.setDocument(path, { state: "binary", version: content.version, size: content.size });
      } else if (content.text === this.buffers.text(path) || !this.buffers.isDirty(path)) {
        this.buffers.replace(path, content.text);
        this.settle(path, content.version);
      } else {
        this.clash(path, content.version, content.text);
      }
    } catch (error) {
      if (error instanceof RpcError && error.code === Code.notFound) this.missing(path);
    }
  }

  /** A draft begins without the disk's text; now it is known. */
  private learn(path: string, text: string | null | undefined): void {
    if (typeof text === "string") this.buffers.markSaved(path, text);
    this.store.setDocument(path, { dirty: this.buffers.isDirty(path) });
  }

  private missing(path: string): void {
    const document = this.store.state.documents[path];
    if (!document) return;
    if (document.dirty && document.version !== null) this.goneOnDisk(path);
    else if (!document.dirty) this.close(path, true);
  }

  private goneOnDisk(path: string): void {
    this.store.setDocument(path, { conflict: { version: "", text: "", deleted: true } });
  }

  private clash(path: string, version: string, text: string): void {
    this.store.setDocument(path, { conflict: { version, text, deleted: version === "" }, dirty: true });
  }

  private settle(path: string, version: string): void {
    const dirty = this.buffers.isDirty(path);
    this.store.setDocument(path, { state: "ready", version, dirty, conflict: null });
    if (dirty) this.keepDraft(path, false);
    else this.forgetDraft(path);
  }

  private keepDraft(path: string, wanted: boolean): void {
    clearTimeout(this.timers.get(path));
    const document = this.store.state.documents[path];
    if (!document) return;
    if (this.buffers.isDirty(path)) void this.drafts.put(this.draft(path, document.version, wanted || document.saving));
    else if (!document.saving) void this.drafts.remove(path);
  }

  private draft(path: string, version: string | null, wanted: boolean): Parameters<Drafts["put"]>[0] {
    return { path, text: this.buffers.text(path), version, wanted, at: Date.now() };
  }

  private forgetDraft(path: string): void {
    clearTimeout(this.timers.get(path));
    void this.drafts.remove(path);
  }

  private forget(path: string): void {
    this.buffers.close(path);
    this.forgetDraft(path);
  }
}
