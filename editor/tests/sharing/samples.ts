import type { Transport } from "../../src/shared/api";
import { Problem } from "../../src/shared/api";
import type { Access, AccessRequest, Grant, Waiting } from "../../src/sharing/types";

export const nothing: Access = {
  visibility: "members",
  may: { manage: true, widen: true },
  public: false,
  public_paths: [],
  public_preflights: false,
  service_workers: false,
  addresses: [],
  people: [],
  links: [],
  code: null,
  password: null,
  grants: [],
  requests: [],
};

const at = "2026-11-20T10:00:00Z";

export const eve = { id: "p1", account: "eve", email: null, display_name: "Eve", by: "ada", since: at };
export const link = { id: "l1", label: "For the customer", by: "ada", since: at, expires_at: null, max_uses: 5, uses: 2 };
export const code = { by: "ada", since: at, expires_at: at, max_uses: null, uses: 0 };

export function grant(kind: Grant["kind"], who: string | null = null): Grant {
  return { id: kind, kind, who, account: null, address: "203.0.113.7", user_agent: "", since: at, last_seen: at, expires_at: at };
}

export function waiting(id: string, project = "one"): Waiting {
  const request: AccessRequest = { id, name: `Sam ${id}`, message: "", path: "/", address: null, user_agent: "", asked_at: at, expires_at: at };
  return { project_id: project, owner: "ada", name: project, request };
}

/** A server of one project's access: answers with `access`, keeps the calls, refuses the next ones on demand. */
export class Answers implements Transport {
  readonly calls: string[] = [];
  readonly bodies: unknown[] = [];
  refusal: Problem | null = null;

  constructor(
    public access: Access,
    private readonly answer?: unknown,
  ) {}

  async request<Answer>(method: string, path: string, { body }: { body?: unknown } = {}): Promise<Answer> {
    await Promise.resolve();
    this.calls.push(`${method} ${path.replace("/projects/ada/site/access", "")}`.trim());
    this.bodies.push(body);
    if (method === "GET") return this.access as Answer;
    if (this.refusal) throw this.refusal;
    return this.answer as Answer;
  }

  text(): Promise<string> {
    throw new Error("No file is read here.");
  }

  upload<Answer>(): Promise<Answer> {
    throw new Error("Nothing is uploaded here.");
  }
}

export const refused = new Problem(403, "urn:firefly:forbidden", "Not allowed", "Ask an owner.");
export const gone = new Problem(404, "urn:firefly:not-found", "Not found", "This request was answered already.");
