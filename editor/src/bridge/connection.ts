/** The WebSocket to the bridge, dialled again with back-off until it is told to stop. */

export interface Socket {
  binaryType: string;
  readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string | ArrayBufferView<ArrayBuffer>): void;
  close(code?: number): void;
}

/** What the server says about the sandbox when the connection has gone. */
export type Probe =
  | { kind: "reachable" }
  | { kind: "away" }
  | { kind: "asleep"; reason: string }
  | { kind: "failed"; reason: string }
  | { kind: "refused"; reason: string };

export type Phase =
  | { name: "connecting" }
  | { name: "ready" }
  | { name: "lost"; attempt: number; retryAt: number }
  | { name: "asleep"; reason: string }
  | { name: "failed"; reason: string }
  | { name: "refused"; reason: string }
  | { name: "closed" };

export interface ConnectionOptions {
  dial: () => Socket;
  probe: () => Promise<Probe>;
  onPhase: (phase: Phase) => void;
  onText: (text: string) => void;
  onBinary: (data: ArrayBuffer) => void;
  random?: () => number;
  now?: () => number;
}

const FIRST_WAIT = 300;
const LONGEST_WAIT = 15_000;
const OPEN = 1;

/** Doubling from 0.3 s to 15 s, a fifth more or less so that many editors do not come back at the same instant. */
export function backOff(attempt: number, random: () => number): number {
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1));
  return Math.round(wait * (0.8 + 0.4 * random()));
}

/**
 * A sleeping sandbox is not woken by a page that merely stays open: after a drop the server is asked first, and
 * `connect` has to be called again when somebody does something.
 */
export class Connection {
  private socket: Socket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private wasReady = false;
  private stopped = true;

  constructor(private readonly options: ConnectionOptions) {}

  get isOpen(): boolean {
    return this.socket?.readyState === OPEN;
  }

  /** Dial now, whatever was waited for. */
  connect(): void {
    this.stopped = false;
    this.wasReady = false;
    this.attempt = 0;
    this.drop();
    this.options.onPhase({ name: "connecting" });
    this.dial();
  }

  /** Shorten a waiting: the network is back, or the page is looked at again. */
  hurry(): void {
    if (this.stopped || this.socket || this.timer === undefined) return;
    clearTimeout(this.timer);
    this.dial();
  }

  close(): void {
    this.stopped = true;
    this.drop();
    this.options.onPhase({ name: "closed" });
  }

  /** The other side is silent: treat it as gone. */
  abandon(): void {
    if (!this.socket) return;
    this.drop();
    void this.lost();
  }

  send(data: string | ArrayBufferView<ArrayBuffer>): boolean {
    if (!this.isOpen) return false;
    this.socket?.send(data);
    return true;
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private dial(): void {
    this.timer = undefined;
    const socket = this.options.dial();
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.attempt = 0;
      this.wasReady = true;
      this.options.onPhase({ name: "ready" });
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => {
      this.socket = null;
      void this.lost();
    };
  }

  private receive(data: unknown): void {
    if (typeof data === "string") this.options.onText(data);
    else if (data instanceof ArrayBuffer) this.options.onBinary(data);
  }

  private async lost(): Promise<void> {
    this.attempt += 1;
    const attempt = this.attempt;
    const wait = backOff(attempt, this.options.random ?? Math.random);
    this.options.onPhase({ name: "lost", attempt, retryAt: (this.options.now ?? Date.now)() + wait });
    const probe = await this.options.probe();
    if (this.stopped || this.socket || this.attempt !== attempt) return;
    if (this.ends(probe)) return;
    this.timer = setTimeout(() => this.dial(), wait);
  }

  private ends(probe: Probe): boolean {
    if (probe.kind === "refused" || probe.kind === "failed" || (probe.kind === "asleep" && this.wasReady)) {
      this.stopped = true;
      this.options.onPhase({ name: probe.kind, reason: probe.reason });
      return true;
    }
    return false;
  }
}
