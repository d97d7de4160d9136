/** The one place where these pages talk to the network: requests, uploads with progress, problems. */
import { Problem } from "./problem";

export type Query = Record<string, string | number | boolean | undefined>;

export interface Transport {
  request<Answer>(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** What is no JSON, such as a file. */
  text(path: string, query?: Query): Promise<string>;
  upload<Answer>(path: string, options: UploadOptions): Promise<Answer>;
}

export interface RequestOptions {
  body?: unknown;
  query?: Query;
  signal?: AbortSignal | undefined;
}

export interface UploadOptions {
  file: Blob;
  query: Query;
  signal: AbortSignal;
  /** Told with the share that has gone out, 0 to 1. */
  progress: (share: number) => void;
}

export const PREFIX = "/api/v1";

export class HttpTransport implements Transport {
  constructor(
    private readonly fetcher: typeof fetch = (...given) => fetch(...given),
    private readonly makeRequest: () => XMLHttpRequest = () => new XMLHttpRequest(),
  ) {}

  async request<Answer>(method: string, path: string, { body, query, signal }: RequestOptions = {}): Promise<Answer> {
    const response = await this.send(addressOf(path, query), {
      method,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    if (!response.ok) throw await Problem.from(response);
    return (response.status === 204 ? undefined : await response.json()) as Answer;
  }

  async text(path: string, query: Query = {}): Promise<string> {
    const response = await this.send(addressOf(path, query), { credentials: "same-origin" });
    if (!response.ok) throw await Problem.from(response);
    return response.text();
  }

  private async send(address: string, options: RequestInit): Promise<Response> {
    try {
      return await this.fetcher(address, options);
    } catch (thrown) {
      if (options.signal?.aborted) throw thrown;
      throw Problem.offline((options.method ?? "GET") === "GET");
    }
  }

  /** fetch cannot tell how much of a body has gone out; XMLHttpRequest can. */
  upload<Answer>(path: string, { file, query, signal, progress }: UploadOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = this.makeRequest();
      const abort = () => request.abort();
      request.open("POST", addressOf(path, query));
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.onload = () => {
        if (request.status < 300) resolve(JSON.parse(request.responseText) as Answer);
        else reject(Problem.parse(request.status, request.responseText));
      };
      request.onerror = () => reject(Problem.offline(false));
      request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
      request.onloadend = () => signal.removeEventListener("abort", abort);
      signal.addEventListener("abort", abort);
      request.send(file);
    });
  }
}

export function addressOf(path: string, query: Query = {}): string {
  const fields = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const search = new URLSearchParams(fields).toString();
  return PREFIX + path + (search ? `?${search}` : "");
}

/** A path of parts that come from outside. */
export function pathOf(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}
