import type { Probe, Socket } from "./connection";
import { EventStream } from "../shared/api";
import { SUBPROTOCOL } from "./messages";

export interface Sandbox {
  state: "absent" | "starting" | "running" | "stopping" | "stopped" | "failed" | "frozen";
  reason: string;
  since: string;
  freezes_at: string | null;
  stops_at: string | null;
  busy?: string[];
  notes?: string[];
  ports?: { port: number; url: string }[];
  keep_awake?: { id: string; by: string; reason: string; until: string }[];
  refusal?: string | null;
}

export type UploadResult = { kind: "done" } | { kind: "exists" } | { kind: "failed"; reason: string };

/** Everything that the workbench asks the server over HTTP, as `fetch` and `EventSource` give it. */
export class Server {
  private readonly api: string;
  private readonly query: string;

  constructor(
    owner: string,
    name: string,
    /** The member whose own workspace it is about; empty for the shared one. */
    workspace = "",
    origin: string = location.origin,
  ) {
    this.query = workspace ? `?workspace=${encodeURIComponent(workspace)}` : "";
    this.api = `${origin}/api/v1/projects/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
  }

  dial(): Socket {
    return new WebSocket(`${this.api.replace(/^http/, "ws")}/bridge${this.query}`, SUBPROTOCOL);
  }

  async sandbox(): Promise<Sandbox> {
    return (await this.ask(`${this.api}/sandbox${this.query}`)).json() as Promise<Sandbox>;
  }

  async setSandbox(action: "start" | "stop" | "restart"): Promise<void> {
    await this.ask(`${this.api}/sandbox/${action}${this.query}`, { method: "POST" });
  }

  async keepAwake(duration: string): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    await this.ask(`${this.api}/sandbox/keep-awake${this.query}`, { method: "POST", headers, body: JSON.stringify({ for: duration }) });
  }

  async letSleep(id: string): Promise<void> {
    await this.ask(`${this.api}/sandbox/keep-awake/${encodeURIComponent(id)}${this.query}`, { method: "DELETE" });
  }

  /** Why the connection is gone, as far as the server can say. */
  async probe(): Promise<Probe> {
    try {
      return verdict(await this.sandbox());
    } catch (error) {
      if (!(error instanceof Refused)) return { kind: "away" };
      if (error.status === 401) return { kind: "refused", reason: "You are signed out. Sign in again to go on; what you typed is kept." };
      if (error.status === 403 || error.status === 404) return { kind: "refused", reason: error.message };
      return { kind: "away" };
    }
  }

  fileUrl(path: string): string {
    return `${this.api}/files/${path.split("/").map(encodeURIComponent).join("/")}${this.query}`;
  }

  async upload(path: string, body: Blob, replace: boolean): Promise<UploadResult> {
    const headers: Record<string, string> = { "Content-Type": "application/octet-stream" };
    if (!replace) headers["If-None-Match"] = "*";
    try {
      await this.ask(this.fileUrl(path), { method: "PUT", body, headers });
      return { kind: "done" };
    } catch (error) {
      if (error instanceof Refused && error.status === 412) return { kind: "exists" };
      return { kind: "failed", reason: error instanceof Error ? error.message : "The upload failed." };
    }
  }

  /** `onEvent` hears of changes of this project, `onOpen` of each (re)connection; returns the end of listening. */
  events(kinds: readonly string[], onEvent: (kind: string, data: Record<string, unknown>) => void, onOpen: () => void): () => void {
    const stream = new EventStream({
      kinds,
      onEvent: ({ kind, data }) => onEvent(kind, data),
      onReset: onOpen,
      onState: (connected) => connected && onOpen(),
    });
    return () => stream.close();
  }

  private async ask(url: string, options: RequestInit = {}): Promise<Response> {
    const response = await fetch(url, { ...options, credentials: "same-origin" });
    if (response.ok) return response;
    throw new Refused(response.status, await problem(response));
  }
}

class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

function verdict(sandbox: Sandbox): Probe {
  if (sandbox.refusal) return { kind: "failed", reason: sandbox.refusal };
  if (sandbox.state === "failed") return { kind: "failed", reason: sandbox.reason };
  if (sandbox.state === "stopped" || sandbox.state === "stopping") return { kind: "asleep", reason: sandbox.reason };
  return { kind: "reachable" };
}

async function problem(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { detail?: unknown; title?: unknown };
    if (typeof body.detail === "string") return body.detail;
    if (typeof body.title === "string") return body.title;
  } catch {
    return `The server answered ${response.status} without saying why. Try again.`;
  }
  return `The server answered ${response.status}. Try again.`;
}
