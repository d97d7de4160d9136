import { type Bridge, Code, Disconnected, RpcError, sentence } from "../../bridge";
import type { Terminal } from "../state";
import type { Store } from "../store";

/** Where a terminal's output goes: the screen of its panel. */
export interface Screen {
  write(data: Uint8Array): void;
  reset(): void;
  readonly cols: number;
  readonly rows: number;
}

const KEPT_KEYS = 4096;

/** Shells in the sandbox. Their screens come and go with the panel; the shells survive that and a lost connection. */
export class Terminals {
  private readonly screens = new Map<string, Screen>();
  private readonly channels = new Map<string, number>();
  private readonly typed = new Map<string, string>();
  private readonly encoder = new TextEncoder();
  private count = 0;

  constructor(
    private readonly store: Store,
    private readonly bridge: Bridge,
    private readonly member: readonly string[],
  ) {}

  /** A new tab; its shell is started when its screen is there, since that knows the size. */
  add(): void {
    const key = this.newTab(null);
    this.store.set({ terminal: key, drawer: "terminal" });
    this.store.setLayout({ drawerOpen: true });
  }

  ensureOne(): void {
    if (this.store.state.terminals.length === 0) this.add();
  }

  /** Returns how to take the screen away. */
  show(key: string, screen: Screen): () => void {
    this.screens.set(key, screen);
    void this.join(key);
    return () => {
      if (this.screens.get(key) === screen) this.screens.delete(key);
      this.channels.delete(key);
    };
  }

  /** What is typed while the connection is away is sent when it is back. */
  type(key: string, data: string): void {
    const channel = this.channels.get(key);
    if (channel !== undefined && this.bridge.type(channel, this.encoder.encode(data))) return;
    this.typed.set(key, ((this.typed.get(key) ?? "") + data).slice(0, KEPT_KEYS));
  }

  resize(key: string, cols: number, rows: number): void {
    const id = this.terminal(key)?.id;
    if (id) void this.bridge.call("terminal.resize", { id, cols, rows }).catch(() => undefined);
  }

  close(key: string): void {
    const id = this.terminal(key)?.id;
    if (id) void this.bridge.call("terminal.close", { id }).catch(() => undefined);
    const { terminals, terminal } = this.store.state;
    const left = terminals.filter((other) => other.key !== key);
    this.store.set({ terminals: left, terminal: terminal === key ? (left.at(-1)?.key ?? null) : terminal });
    if (left.length === 0) this.store.setLayout({ drawerOpen: false });
  }

  async reconnect(): Promise<void> {
    this.channels.clear();
    await this.findEarlier();
    await Promise.all([...this.screens.keys()].map((key) => this.join(key)));
  }

  exited(id: string, code: number): void {
    const terminal = this.store.state.terminals.find((other) => other.id === id);
    if (terminal) this.change(terminal.key, { state: "ended", note: `The shell has ended (${code}).` });
  }

  /** Shells that were opened before the page was loaded. */
  private async findEarlier(): Promise<void> {
    const { terminals } = await this.bridge.call("terminal.list", {}).catch(() => ({ terminals: [] }));
    const known = new Set(this.store.state.terminals.map((terminal) => terminal.id));
    for (const info of terminals) {
      if (info.running && this.member.includes(info.member) && !known.has(info.id)) this.newTab(info.id);
    }
    this.store.set({ terminal: this.store.state.terminal ?? this.store.state.terminals[0]?.key ?? null });
  }

  private async join(key: string): Promise<void> {
    const screen = this.screens.get(key);
    const terminal = this.terminal(key);
    if (!screen || !terminal || terminal.state === "ended") return;
    try {
      const size = { cols: screen.cols, rows: screen.rows };
      const fresh = terminal.id === null;
      const opened = terminal.id === null
        ? await this.bridge.call("terminal.open", size)
        : await this.bridge.call("terminal.attach", { id: terminal.id });
      screen.reset();
      this.bridge.listen(opened.channel, (data) => screen.write(data));
      this.channels.set(key, opened.channel);
      this.change(key, { id: opened.id, state: "running", note: "" });
      if (!fresh) this.resize(key, size.cols, size.rows);
      this.sendTyped(key);
    } catch (error) {
      this.failed(key, error);
    }
  }

  private failed(key: string, error: unknown): void {
    if (error instanceof Disconnected) return;
    const gone = error instanceof RpcError && error.code === Code.notFound;
    if (gone) this.change(key, { state: "ended", note: "This shell ended when the sandbox stopped." });
    else this.change(key, { state: "failed", note: sentence(error) });
  }

  private sendTyped(key: string): void {
    const waiting = this.typed.get(key);
    this.typed.delete(key);
    if (waiting) this.type(key, waiting);
  }

  private newTab(id: string | null): string {
    this.count += 1;
    const key = `terminal-${this.count}`;
    const tab: Terminal = { key, id, title: `Terminal ${this.count}`, state: "opening", note: "" };
    this.store.set({ terminals: [...this.store.state.terminals, tab] });
    return key;
  }

  private terminal(key: string): Terminal | undefined {
    return this.store.state.terminals.find((terminal) => terminal.key === key);
  }

  private change(key: string, change: Partial<Terminal>): void {
    const terminals = this.store.state.terminals.map((other) => (other.key === key ? { ...other, ...change } : other));
    this.store.set({ terminals });
  }
}
