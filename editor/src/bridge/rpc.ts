import { Disconnected, RpcError } from "./errors";
import type { Method, NotificationName, Notifications, Params, Result } from "./messages";

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

export interface Wire {
  send(text: string): void;
}

export interface RpcOptions {
  /** A call without an answer after this many milliseconds means that the connection is dead. */
  patience?: number;
  onSilence?: () => void;
}

type Handler<N extends NotificationName> = (params: Notifications[N]) => void;

/** JSON-RPC 2.0: calls out, answers and notifications in. It outlives connections; `attach` gives it the next one. */
export class RpcClient {
  private next = 1;
  private wire: Wire | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private readonly handlers = new Map<string, Set<(params: never) => void>>();

  constructor(private readonly options: RpcOptions = {}) {}

  attach(wire: Wire): void {
    this.wire = wire;
  }

  /** The connection is gone: every call that waits is told so. */
  detach(): void {
    this.wire = null;
    const calls = [...this.waiting.values()];
    this.waiting.clear();
    for (const call of calls) {
      clearTimeout(call.timer);
      call.reject(new Disconnected());
    }
  }

  /** Rejects with RpcError as answered, or with Disconnected. */
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const wire = this.wire;
    if (!wire) return Promise.reject(new Disconnected());
    const id = this.next++;
    return new Promise<Result<M>>((resolve, reject) => {
      const timer = setTimeout(() => this.options.onSilence?.(), this.options.patience ?? 30_000);
      this.waiting.set(id, { resolve: resolve, reject, timer });
      wire.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  /** Returns the function that ends the listening. */
  on<N extends NotificationName>(name: N, handler: Handler<N>): () => void {
    const handlers = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, handlers);
    handlers.add(handler);
    return () => handlers.delete(handler);
  }

  /** Takes one text message; anything that is not JSON-RPC is dropped. */
  receive(text: string): void {
    const message = parse(text);
    if (!message) return;
    if (typeof message.method === "string") this.notify(message.method, message.params);
    else if (typeof message.id === "number") this.answer(message.id, message);
  }

  private notify(method: string, params: unknown): void {
    for (const handler of this.handlers.get(method) ?? []) handler((params ?? {}) as never);
  }

  private answer(id: number, message: Record<string, unknown>): void {
    const call = this.waiting.get(id);
    if (!call) return;
    this.waiting.delete(id);
    clearTimeout(call.timer);
    if (isRecord(message.error)) call.reject(rpcError(message.error));
    else call.resolve(message.result);
  }
}

function rpcError(body: Record<string, unknown>): RpcError {
  const code = typeof body.code === "number" ? body.code : -32603;
  const text = typeof body.message === "string" ? body.message : "The bridge refused.";
  return new RpcError(code, text, isRecord(body.data) ? body.data : {});
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const message: unknown = JSON.parse(text);
    return isRecord(message) && message.jsonrpc === "2.0" ? message : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
