/** A shell in the sandbox of a build that failed, which is kept for a while to look around in. */
import { createStore } from "zustand/vanilla";
import { Bridge, Disconnected, type Phase, sentence } from "../../bridge";
import type { Probe, Socket } from "../../bridge/connection";
import { SUBPROTOCOL } from "../../bridge/messages";
import { asProblem } from "../../shared/api";
import { PREFIX, pathOf } from "../../shared/api/transport";
import type { Screen } from "../../workbench/actions/terminals";
import type { BuildsApi } from "../api";

export interface KeptShellState {
  phase: Phase["name"];
  /** Why there is none, or none any more. */
  note: string;
}

export class KeptShell {
  readonly store = createStore<KeptShellState>(() => ({ phase: "connecting", note: "" }));
  private readonly bridge: Bridge;
  private readonly encoder = new TextEncoder();
  private screen: Screen | null = null;
  private shell: { id: string; channel: number } | null = null;

  constructor(
    private readonly api: BuildsApi,
    private readonly buildId: string,
  ) {
    this.bridge = new Bridge({ dial: () => this.dial(), probe: () => this.probe() });
  }

  open(): () => void {
    this.bridge.attend({
      onPhase: (phase) => this.store.setState({ phase: phase.name, note: "reason" in phase ? phase.reason : "" }),
      onReady: () => void this.join(),
      onPending: () => undefined,
    });
    const leave = this.bridge.on("terminal.exited", ({ id, code }) => {
      if (id === this.shell?.id) this.store.setState({ note: `The shell has ended (${code}).` });
    });
    this.bridge.connect();
    return () => {
      leave();
      this.bridge.close();
    };
  }

  show(_name: string, screen: Screen): () => void {
    this.screen = screen;
    if (this.store.getState().phase === "ready") void this.join();
    return () => {
      if (this.screen === screen) this.screen = null;
    };
  }

  type(_name: string, data: string): void {
    if (this.shell) this.bridge.type(this.shell.channel, this.encoder.encode(data));
  }

  resize(_name: string, cols: number, rows: number): void {
    if (this.shell) void this.bridge.call("terminal.resize", { id: this.shell.id, cols, rows }).catch(() => undefined);
  }

  private async join(): Promise<void> {
    const { screen } = this;
    if (!screen) return;
    try {
      const size = { cols: screen.cols, rows: screen.rows };
      const opened = this.shell ? await this.bridge.call("terminal.attach", { id: this.shell.id }) : await this.bridge.call("terminal.open", size);
      screen.reset();
      this.bridge.listen(opened.channel, (data) => screen.write(data));
      this.shell = { id: opened.id, channel: opened.channel };
    } catch (error) {
      if (!(error instanceof Disconnected)) this.store.setState({ note: sentence(error) });
    }
  }

  private dial(): Socket {
    const origin = location.origin.replace(/^http/, "ws");
    return new WebSocket(`${origin}${PREFIX}${pathOf("builds", this.buildId, "bridge")}`, SUBPROTOCOL);
  }

  /** Why the connection is gone: the sandbox may have been removed meanwhile. */
  private async probe(): Promise<Probe> {
    try {
      const { kept_until: kept } = await this.api.build(this.buildId);
      return kept ? { kind: "reachable" } : { kind: "failed", reason: "The sandbox of this build is gone." };
    } catch (thrown) {
      const problem = asProblem(thrown);
      return problem.isPassing ? { kind: "away" } : { kind: "refused", reason: problem.detail };
    }
  }
}
