import type { Extension } from "@codemirror/state";
import { type Bridge, type Drafts, type Hello, type Phase, type Role, type Sandbox, type Server, sentence } from "../bridge";
import { BUILD_KINDS, tellBuilds } from "../builds/heard";
import { ACCESS_KINDS, MISSED, tellAccess } from "../sharing/heard";
import { Application } from "./actions/application";
import { Documents } from "./actions/documents";
import { Terminals } from "./actions/terminals";
import { Tree } from "./actions/tree";
import { Buffers } from "./buffers";
import { placeOf, recall, remember } from "./memory";
import { firstFile } from "./opening";
import type { Project } from "./state";
import { Store } from "./store";

export interface WorkbenchOptions {
  project: Project;
  role: Role;
  member: readonly string[];
  server: Server;
  bridge: Bridge;
  drafts: Drafts;
  /** Which file a first visit begins with, where that is known before the tree is. */
  first: Promise<string | undefined>;
  setUp: (path: string, workbench: Workbench) => Extension;
}

/** Puts the parts together and keeps them in step with the connection. Knows nothing of the page. */
export class Workbench {
  readonly store: Store;
  readonly buffers: Buffers;
  readonly documents: Documents;
  readonly tree: Tree;
  readonly terminals: Terminals;
  readonly application: Application;
  private readonly bridge: Bridge;
  private ending: (() => void)[] = [];
  private restored = false;
  private first: string | undefined;

  constructor(private readonly options: WorkbenchOptions) {
    const { project, role, server, drafts, member } = options;
    this.store = new Store(project, role);
    this.bridge = options.bridge;
    this.buffers = new Buffers((path) => options.setUp(path, this));
    this.documents = new Documents(this.store, this.bridge, this.buffers, drafts);
    this.tree = new Tree(this.store, this.bridge, server, this.documents);
    this.terminals = new Terminals(this.store, this.bridge, member);
    this.application = new Application(this.store, this.bridge);
  }

  start(): void {
    const { id } = this.store.state.project;
    const kept = recall(id);
    this.store.set({ layout: kept.layout, expanded: new Set(kept.expanded) });
    this.listen();
    void this.documents.restore(kept.tabs, kept.active).then(() => {
      this.restored = true;
      this.openSomething();
    });
    void this.options.first.then((path) => {
      this.first = path;
      this.openSomething();
    });
    this.bridge.attend({
      onPhase: (phase) => this.follow(phase),
      onReady: (hello) => void this.begin(hello),
      onPending: (pending) => this.store.set({ pending }),
    });
  }

  stop(): void {
    for (const end of this.ending) end();
    this.ending = [];
    this.bridge.close();
  }

  /** Also wakes a sleeping sandbox: somebody wants it. */
  connect(): void {
    this.bridge.connect();
  }

  hurry(): void {
    this.bridge.hurry();
  }

  /** Something was done that needs the sandbox. */
  wakeIfAsleep(): void {
    if (this.store.state.phase.name === "asleep") this.connect();
  }

  async setSandbox(action: "start" | "stop" | "restart"): Promise<void> {
    try {
      await this.options.server.setSandbox(action);
      if (action !== "stop") this.connect();
    } catch (error) {
      this.store.tell(`The sandbox did not ${action}: ${sentence(error)}`, { tone: "bad" });
    }
    await this.readSandbox();
  }

  async keepAwake(duration: string): Promise<void> {
    await this.options.server.keepAwake(duration).catch((error: unknown) => this.store.tell(sentence(error), { tone: "bad" }));
    await this.readSandbox();
  }

  /** Whoever asked for it to be kept awake. */
  async letSleep(): Promise<void> {
    const { server } = this.options;
    const kept = this.store.state.sandbox?.keep_awake ?? [];
    await Promise.all(kept.map(({ id }) => server.letSleep(id))).catch((error: unknown) => this.store.tell(sentence(error), { tone: "bad" }));
    await this.readSandbox();
  }

  async readSandbox(): Promise<void> {
    const sandbox = await this.options.server.sandbox().catch(() => null);
    if (sandbox) this.store.set({ sandbox });
  }

  private follow(phase: Phase): void {
    this.store.set({ phase });
    if (phase.name === "asleep" || phase.name === "failed") void this.readSandbox();
  }

  private async begin(hello: Hello): Promise<void> {
    this.store.set({ greeted: true, role: hello.role });
    await Promise.all([
      this.tree.refresh().then(() => this.openSomething()),
      this.documents.refresh(),
      this.watch(),
      this.application.refresh(),
      this.terminals.reconnect(),
    ]).catch((error: unknown) => {
      if (this.store.state.phase.name === "ready") this.store.tell(sentence(error), { tone: "bad" });
    });
  }

  /** What was read before the watching began may have changed in between: it is read again. */
  private async watch(): Promise<void> {
    await this.bridge.call("files.watch", {});
    this.bridge.forgetAhead();
    await Promise.all([this.tree.refresh(), this.documents.refresh()]);
  }

  /** A first visit begins with the file that one would open first. */
  private openSomething(): void {
    const { tabs, folders } = this.store.state;
    const root = folders[""];
    if (!this.restored) return;
    this.restored = tabs.length === 0;
    if (tabs.length > 0) return;
    const found = this.first ?? (root?.state === "ready" ? firstFile(root.entries) : undefined);
    if (found === undefined) return;
    this.restored = false;
    this.documents.open(found);
  }

  private listen(): void {
    const { server } = this.options;
    this.ending = [
      this.bridge.on("files.changed", ({ changes, missed = false }) => {
        this.tree.changed(changes, missed);
        void (missed ? this.documents.refresh() : this.documents.changed(changes));
      }),
      this.bridge.on("terminal.exited", ({ id, code }) => this.terminals.exited(id, code)),
      this.bridge.on("application.changed", (status) => this.application.changed(status)),
      this.bridge.on("application.output", ({ lines }) => this.application.printed(lines)),
      server.events(["sandbox.changed", "sandbox.ports", "project.changed", ...ACCESS_KINDS, ...BUILD_KINDS], (kind, data) => this.heard(kind, data), () => {
        void this.readSandbox();
        this.bridge.hurry();
        tellAccess(MISSED);
        tellBuilds("missed");
      }),
      this.store.api.subscribe((state, before) => {
        const same = ["tabs", "active", "expanded", "layout"] as const;
        if (same.every((key) => state[key] === before[key])) return;
        remember(placeOf(state.project.id, state.project.workspace), {
          tabs: [...state.tabs],
          active: state.active,
          expanded: [...state.expanded],
          layout: state.layout,
        });
      }),
    ];
  }

  private heard(kind: string, data: Record<string, unknown>): void {
    const { project, sandbox } = this.store.state;
    if (data.project_id !== project.id) return;
    if (ACCESS_KINDS.includes(kind)) tellAccess(kind, data);
    if (BUILD_KINDS.includes(kind)) tellBuilds(kind, data);
    // The others of the project are told as well, to those who use them.
    if (kind.startsWith("sandbox.") && (data.member ?? "") !== project.workspace) return;
    if (kind === "sandbox.ports") void this.readSandbox();
    if (kind !== "sandbox.changed") return;
    const change = data as unknown as Sandbox;
    this.store.set({
      sandbox: { ...sandbox, state: change.state, reason: change.reason, since: change.since, freezes_at: change.freezes_at, stops_at: change.stops_at },
    });
    if (change.state === "running") {
      this.bridge.hurry();
      // The event does not tell everything, such as who keeps it awake.
      void this.readSandbox();
    }
  }
}
