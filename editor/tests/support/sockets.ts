import type { Socket } from "../../src/bridge/connection";

interface Request {
  id: number;
  method: string;
  params: Record<string, unknown>;
}

/** A WebSocket without a network: the test opens it, answers on it and cuts it. */
export class FakeSocket implements Socket {
  binaryType = "";
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: (string | ArrayBufferView<ArrayBuffer>)[] = [];

  send(data: string | ArrayBufferView<ArrayBuffer>): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  cut(): void {
    this.readyState = 3;
    this.onclose?.(new CloseEvent("close"));
  }

  receive(data: unknown): void {
    this.onmessage?.(new MessageEvent("message", { data }));
  }

  get requests(): Request[] {
    return this.sent.filter((data) => typeof data === "string").map((text) => JSON.parse(text) as Request);
  }

  answer(method: string, result: unknown): void {
    this.receive(JSON.stringify({ jsonrpc: "2.0", id: this.last(method).id, result }));
  }

  refuse(method: string, error: { code: number; message: string; data?: unknown }): void {
    this.receive(JSON.stringify({ jsonrpc: "2.0", id: this.last(method).id, error }));
  }

  last(method: string): Request {
    const found = this.requests.filter((request) => request.method === method).at(-1);
    if (!found) throw new Error(`${method} was not called`);
    return found;
  }
}

/** Lets promises that are settled already be followed. */
export async function turn(): Promise<void> {
  for (let count = 0; count < 12; count += 1) await Promise.resolve();
}
