import type { Problem, Transport } from "../../src/shared/api";
import type { Query } from "../../src/shared/api/transport";
import type { Branch, Build, LogLine, Step } from "../../src/builds/types";

export function build(change: Partial<Build> = {}): Build {
  return {
    id: "b12",
    project: "ada/site",
    number: 12,
    ref: "refs/heads/main",
    branch: "main",
    commit: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
    subject: "Draw the stars",
    author: "Ada Lovelace",
    trigger: "push",
    by: "ada",
    pull_request: null,
    trust: "project",
    state: "running",
    reason: "",
    failure: null,
    artifact: null,
    configured_by: null,
    reused_from: null,
    created_at: "2026-11-20T10:00:00Z",
    queued_at: "2026-11-20T10:00:00Z",
    started_at: "2026-11-20T10:00:01Z",
    ended_at: null,
    queue: null,
    seconds: null,
    steps: [],
    site: null,
    kept_until: null,
    ...change,
  };
}

export function branch(change: Partial<Branch> = {}): Branch {
  const { ref, branch: name, commit, subject } = build();
  return { ref, branch: name, commit, subject, reason: "", pull_request: null, newest: null, site: null, is_demo: false, deleted: false, ...change };
}

export function step(change: Partial<Step> = {}): Step {
  const at = "2026-11-20T10:00:01Z";
  return { position: 1, name: "install", command: "npm ci", state: "running", reason: "", exit_code: null, started_at: at, ended_at: null, ...change };
}

export function line(n: number, text: string, ofStep = 1): LogLine {
  return { n, at: n * 10, step: ofStep, stream: "out", text };
}

/** A server of which each call is written down; `answer` tells what it says. */
export class Answers implements Transport {
  readonly calls: string[] = [];
  readonly bodies: unknown[] = [];
  refusal: Problem | null = null;

  constructor(public answer: (call: string) => unknown) {}

  async request<Answer>(method: string, path: string, { body, query = {} }: { body?: unknown; query?: Query } = {}): Promise<Answer> {
    await Promise.resolve();
    const asked = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
    const call = `${method} ${path.replace("/projects/ada/site", "")}${asked.length ? `?${asked.join("&")}` : ""}`;
    this.calls.push(call);
    this.bodies.push(body);
    if (this.refusal) throw this.refusal;
    return this.answer(call) as Answer;
  }

  text(): Promise<string> {
    throw new Error("No file is read here.");
  }

  upload<Answer>(): Promise<Answer> {
    throw new Error("Nothing is uploaded here.");
  }
}
