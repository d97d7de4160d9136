/** What went wrong with a call, in words for the user: an RFC 9457 problem, or that no answer came. */
interface Document {
  type: string;
  title: string;
  detail: string;
  status: number;
  field?: string;
  request_id?: string;
  retry_after?: number;
  need?: string;
}

export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly type: string,
    readonly title: string,
    readonly detail: string,
    /** The input that a broken rule names. */
    readonly field: string | null = null,
    readonly requestId: string | null = null,
    /** What a provider has to allow first. */
    readonly need: string | null = null,
  ) {
    super(detail);
  }

  get isOffline(): boolean {
    return this.status === 0;
  }

  get isSignedOut(): boolean {
    return this.status === 401;
  }

  /** Whether the same call may well succeed a little later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 503 || this.status === 504;
  }

  /** What someone who looks into it needs. */
  get forCopying(): string {
    const lines = [`${this.title}: ${this.detail}`, `status ${this.status}`, this.type];
    return [...lines, ...(this.requestId ? [`request ${this.requestId}`] : [])].join("\n");
  }

  /** Looking goes on by itself when the server is back; a change is the user's to make again. */
  static offline(isLook = true): Problem {
    const next = isLook ? "Check your connection; this page tries again by itself." : "Check your connection, then try again.";
    return new Problem(0, "urn:firefly:offline", "Firefly does not answer", `The server cannot be reached. ${next}`);
  }

  static async from(response: Response): Promise<Problem> {
    return Problem.parse(response.status, await response.text().catch(() => ""));
  }

  static parse(status: number, text: string): Problem {
    const told = readDocument(text);
    return new Problem(
      status,
      told.type ?? "urn:firefly:http",
      told.title ?? "The request failed",
      told.detail ?? "The server refused the request without saying why. Try again.",
      told.field ?? null,
      told.request_id ?? null,
      told.need ?? null,
    );
  }
}

/** Whatever was thrown, as a Problem. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new Problem(-1, "urn:firefly:page", "This page met a fault", `${detail}. Reload the page.`);
}

function readDocument(text: string): Partial<Document> {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    return {};
  }
}
