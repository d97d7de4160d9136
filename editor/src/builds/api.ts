/** The calls of builds. */
import { HttpTransport, type Transport } from "../shared/api";
import { PREFIX, pathOf } from "../shared/api/transport";
import type { Branch, Build, BuildChanges, BuildPage, BuildSettings, Explanation } from "./types";

export interface Key {
  owner: string;
  name: string;
}

export interface BuildFilter {
  ref?: string | undefined;
  state?: string | undefined;
  /** Words of its subject, branch or author, who asked for it, or how its commit begins. */
  search?: string | undefined;
  limit?: number;
}

export interface WantedBuild {
  ref?: string;
  commit?: string;
  forced?: boolean;
}

/** What can be done to one build or its site. */
export type BuildAction = "kill" | "cancel" | "retry" | "stop" | "start" | "approve";

export class BuildsApi {
  constructor(
    private readonly key: Key,
    private readonly transport: Transport = new HttpTransport(),
  ) {}

  list = (filter: BuildFilter = {}, cursor?: string | null): Promise<BuildPage> =>
    this.transport.request("GET", this.of("builds"), { query: { ...filter, cursor: cursor ?? undefined } });
  numbered = (number: number): Promise<Build> => this.transport.request("GET", this.of("builds", String(number)));
  start = (wanted: WantedBuild): Promise<Build> => this.transport.request("POST", this.of("builds"), { body: wanted });
  build = (id: string): Promise<Build> => this.transport.request("GET", pathOf("builds", id));
  act = (id: string, action: BuildAction): Promise<Build> => this.transport.request("POST", pathOf("builds", id, action));
  changes = (id: string): Promise<BuildChanges> => this.transport.request("GET", pathOf("builds", id, "changes"));
  explain = (id: string): Promise<Explanation> => this.transport.request("GET", pathOf("builds", id, "explain"));

  branches = async (): Promise<Branch[]> =>
    (await this.transport.request<{ branches: Branch[] }>("GET", this.of("branches"))).branches;
  setDemo = (branch: string, isDemo: boolean): Promise<Branch> =>
    this.transport.request("PATCH", this.of("branches", branch), { body: { is_demo: isDemo } });

  settings = (): Promise<BuildSettings> => this.transport.request("GET", this.of("build-settings"));
  changeSettings = (change: Partial<BuildSettings>): Promise<BuildSettings> =>
    this.transport.request("PATCH", this.of("build-settings"), { body: change });

  /** `key` is for whoever may not see the project. */
  badge(branch: string, key = ""): string {
    const query = new URLSearchParams({ branch, ...(key ? { key } : {}) });
    return `${PREFIX}${this.of("builds", "badge.svg")}?${query.toString()}`;
  }

  private of(...more: string[]): string {
    return pathOf("projects", this.key.owner, this.key.name, ...more);
  }
}

/** Where a build's log is: read as a stream, or downloaded. */
export function logAddress(id: string, download?: "text" | "ansi"): string {
  return `${PREFIX}${pathOf("builds", id, "log")}${download ? `?download=${download}` : ""}`;
}
