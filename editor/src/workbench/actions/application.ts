import { type Bridge, type ApplicationStatus, type OutputLine, sentence } from "../../bridge";
import type { Store } from "../store";

const KEPT_LINES = 5_000;
/** Below it, workbench.css shows one part of the window at a time. */
const PHONE = 720;

/** The application that runs in the sandbox: its state, its output, starting and stopping it. */
export class Application {
  private crashTold = false;

  constructor(
    private readonly store: Store,
    private readonly bridge: Bridge,
  ) {}

  async refresh(): Promise<void> {
    const after = this.store.state.output.at(-1)?.seq;
    const [status, output] = await Promise.all([
      this.bridge.call("application.status", {}),
      this.bridge.call("application.subscribe", after === undefined ? {} : { after }),
    ]);
    this.changed(status);
    this.printed(output.lines);
  }

  async act(action: "start" | "stop" | "restart"): Promise<void> {
    try {
      const status = await this.bridge.call(`application.${action}`, {});
      this.changed(status);
    } catch (error) {
      this.store.tell(`The application did not ${action}: ${sentence(error)}`, { tone: "bad" });
    }
  }

  changed(status: ApplicationStatus): void {
    if (typeof status.state !== "string") return;
    const before = this.store.state.application;
    this.store.set({ application: status });
    if (!before) return;
    const begins = before.state !== "running" && status.state === "running";
    if (begins) this.crashTold = false;
    if (begins || before.port !== status.port) this.reloadPreview();
    if (status.state === "crashed" && before.state !== "crashed") this.reportCrash(status);
  }

  /** A sequence that begins anew belongs to a new sandbox. */
  printed(lines: readonly OutputLine[]): void {
    const first = lines[0];
    if (!first) return;
    const last = this.store.state.output.at(-1)?.seq ?? -1;
    const kept = first.seq <= last && first.seq <= 1 ? [] : this.store.state.output;
    const fresh = kept.length > 0 ? lines.filter((line) => line.seq > last) : lines;
    if (fresh.length > 0) this.store.set({ output: [...kept, ...fresh].slice(-KEPT_LINES) });
  }

  clear(): void {
    const last = this.store.state.output.at(-1);
    this.store.set({ output: last ? [{ ...last, text: "", stream: "system" }] : [] });
  }

  reloadPreview(): void {
    const { preview } = this.store.state;
    this.store.set({ preview: { ...preview, visit: preview.visit + 1 } });
  }

  navigate(path: string): void {
    const { preview } = this.store.state;
    this.store.set({ preview: { ...preview, path: path.startsWith("/") ? path : `/${path}`, visit: preview.visit + 1 } });
  }

  choosePort(port: number | null): void {
    const { preview } = this.store.state;
    this.store.set({ preview: { ...preview, port, visit: preview.visit + 1 } });
  }

  /** Once until it runs again: an application that is tried again and again would fill the page with notices. */
  private reportCrash(status: ApplicationStatus): void {
    const { layout, phone } = this.store.state;
    const isSeen = innerWidth > PHONE ? layout.previewOpen : phone === "preview";
    if (isSeen || this.crashTold) return;
    this.crashTold = true;
    this.store.tell(status.reason || "The application has stopped unexpectedly.", {
      tone: "bad",
      action: { label: "Show output", run: () => this.showOutput() },
    });
  }

  showOutput(): void {
    this.store.set({ drawer: "output", phone: "code" });
    this.store.setLayout({ drawerOpen: true });
  }
}
