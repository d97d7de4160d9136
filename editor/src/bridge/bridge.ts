import { Connection, type Phase, type Probe, type Socket } from "./connection";
import { decodeFrame, encodeFrame, TERMINAL } from "./frames";
import type { Hello, NotificationName, Notifications, Method, Params, Result } from "./messages";
import { RpcClient } from "./rpc";
import { type Outcome, PendingWrites } from "./writes";

export interface BridgeOptions {
  dial: () => Socket;
  probe: () => Promise<Probe>;
  /** A connection stands: calls may be made, `ahead` above all, though nobody has greeted yet. */
  onOpen?: () => void;
}

export interface BridgeListener {
  onPhase: (phase: Phase) => void;
  /** The bridge has greeted; everything that lives on a connection is asked for anew. */
  onReady: (hello: Hello) => void;
  onPending: (paths: readonly string[]) => void;
}

/** The editor's whole way to the workspace: calls, terminal channels, writes that wait. */
export class Bridge {
  private readonly connection: Connection;
  private readonly rpc: RpcClient;
  private readonly writes: PendingWrites;
  private readonly channels = new Map<number, (data: Uint8Array) => void>();
  private readonly asked = new Map<string, Promise<unknown>>();
  private listener: BridgeListener | null = null;
  private phase: Phase = { name: "connecting" };
  private hello: Hello | null = null;

  constructor(private readonly options: BridgeOptions) {
    this.rpc = new RpcClient({ onSilence: () => this.connection.abandon() });
    this.writes = new PendingWrites(this.rpc, (paths) => this.listener?.onPending(paths));
    this.connection = new Connection({
      dial: options.dial,
      probe: options.probe,
      onPhase: (phase) => this.follow(phase),
      onText: (text) => this.rpc.receive(text),
      onBinary: (data) => this.receiveFrame(data),
    });
  }

  /** From now on `listener` is told; first of all how things stand. */
  attend(listener: BridgeListener): void {
    this.listener = listener;
    listener.onPhase(this.phase);
    if (this.hello) listener.onReady(this.hello);
  }

  connect(): void {
    this.connection.connect();
  }

  hurry(): void {
    this.connection.hurry();
  }

  close(): void {
    this.rpc.detach();
    this.connection.close();
  }

  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const key = keyOf(method, params);
    const early = this.asked.get(key) as Promise<Result<M>> | undefined;
    this.asked.delete(key);
    return early ?? this.rpc.call(method, params);
  }

  /** Asks for what will be called soon: the first such call gets this answer. */
  ahead<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const answer = this.rpc.call(method, params);
    answer.catch(() => undefined);
    this.asked.set(keyOf(method, params), answer);
    return answer;
  }

  /** What was asked ahead and not called for is old by now. */
  forgetAhead(): void {
    this.asked.clear();
  }

  on<N extends NotificationName>(name: N, handler: (params: Notifications[N]) => void): () => void {
    return this.rpc.on(name, handler);
  }

  /** Waits for the connection if it has to; settles only when the bridge has answered. */
  save(path: string, text: string, version: string | null): Promise<Outcome> {
    return this.writes.save(path, text, version);
  }

  renamePending(from: string, to: string): void {
    this.writes.rename(from, to);
  }

  /** Channels are good for one connection. */
  listen(channel: number, onData: (data: Uint8Array) => void): void {
    this.channels.set(channel, onData);
  }

  type(channel: number, data: Uint8Array): boolean {
    return this.connection.send(encodeFrame(TERMINAL, channel, data));
  }

  private follow(phase: Phase): void {
    if (phase.name === "ready") {
      this.rpc.attach({ send: (text) => void this.connection.send(text) });
      void this.greet();
      this.options.onOpen?.();
      return;
    }
    this.rpc.detach();
    this.channels.clear();
    this.asked.clear();
    this.hello = null;
    this.tell(phase);
  }

  private tell(phase: Phase): void {
    this.phase = phase;
    this.listener?.onPhase(phase);
  }

  private async greet(): Promise<void> {
    try {
      const hello = await this.rpc.call("bridge.hello", { client: "editor" });
      this.hello = hello;
      this.tell({ name: "ready" });
      this.writes.resend();
      this.listener?.onReady(hello);
    } catch {
      this.connection.abandon();
    }
  }

  private receiveFrame(data: ArrayBuffer): void {
    const frame = decodeFrame(data);
    if (frame?.kind === TERMINAL) this.channels.get(frame.channel)?.(frame.payload);
  }
}

function keyOf(method: string, params: unknown): string {
  return `${method} ${JSON.stringify(params)}`;
}
