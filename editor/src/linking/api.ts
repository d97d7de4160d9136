/** The calls about providers. */
import { HttpTransport, type CreatedProject, type Job, type Page, type Transport, type Visibility } from "../shared/api";
import { pathOf, type Query } from "../shared/api/transport";
import type { Connected, Connection, Link, Need, NewLink, Repository } from "./types";

export function isLinking({ kind }: Job): boolean {
  return kind === "linked-import" || kind === "link";
}

interface Key {
  owner: string;
  name: string;
}

export interface NewToken {
  provider: string;
  token: string;
  url?: string;
  user?: string;
}

export interface NewImport {
  provider: string;
  repository: string;
  name: string;
  visibility: Visibility;
}

export class LinkingApi {
  constructor(private readonly transport: Transport = new HttpTransport()) {}

  connected = (): Promise<Connected> => this.ask("GET", ["connections"]);
  connect = (given: NewToken): Promise<Connection> => this.ask("POST", ["connections"], given);
  check = (id: string): Promise<Connection> => this.ask("POST", ["connections", id, "check"]);
  disconnect = (id: string): Promise<{ left: string }> => this.ask("DELETE", ["connections", id]);

  /** The provider's page that asks for leave; it sends the browser back to `next`. */
  authorize = async (provider: string, need: Need, next: string): Promise<string> =>
    (await this.ask<{ url: string }>("POST", ["connections", provider, "authorize"], { need, next })).url;

  organisations = async (id: string): Promise<string[]> => (await this.ask<Page<string>>("GET", ["connections", id, "organisations"])).items;
  repositories = (id: string, query: Query): Promise<Page<Repository>> =>
    this.transport.request("GET", pathOf("connections", id, "repositories"), { query });

  import = (given: NewImport): Promise<CreatedProject> => this.ask("POST", ["imports"], given);
  resume = (job: string): Promise<Job> => this.ask("POST", ["imports", job, "resume"]);
  undo = (job: string): Promise<void> => this.ask("DELETE", ["imports", job]);

  link = (project: Key): Promise<Link> => this.of(project, "GET");
  make = (project: Key, given: NewLink): Promise<Job> => this.of(project, "POST", [], given);
  unlink = (project: Key): Promise<void> => this.of(project, "DELETE");
  compare = (project: Key): Promise<Link> => this.of(project, "POST", ["compare"]);
  mend = (project: Key): Promise<Job> => this.of(project, "POST", ["mend"]);
  resolve = (project: Key, branch: string, choice: "theirs" | "ours"): Promise<{ branch: string; link: Link }> =>
    this.of(project, "POST", ["resolve"], { branch, choice });
  propose = (project: Key, head: string, title: string): Promise<{ number: number; url: string }> =>
    this.of(project, "POST", ["pull-requests"], { head, title });
  join = (project: Key): Promise<{ role: string }> => this.of(project, "POST", ["join"]);
  /** What makes, or has failed to make, a project's link; null where nothing does. */
  job = async (project: string): Promise<Job | null> => {
    const { items } = await this.transport.request<Page<Job>>("GET", "/jobs", { query: { project } });
    const newest = items.find(isLinking);
    return newest && newest.state !== "succeeded" && newest.state !== "cancelled" ? newest : null;
  };

  private of<Answer>({ owner, name }: Key, method: string, more: string[] = [], body?: unknown): Promise<Answer> {
    return this.ask(method, ["projects", owner, name, "link", ...more], body);
  }

  private ask<Answer>(method: string, path: string[], body?: unknown): Promise<Answer> {
    return this.transport.request(method, pathOf(...path), body === undefined ? {} : { body });
  }
}
