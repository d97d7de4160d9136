/** What is being built just now: the caller's, and for administrators everybody's. */
import { HttpTransport, type Transport } from "../shared/api";
import { pathOf } from "../shared/api/transport";
import type { Build } from "./types";

export interface Overview {
  running: number;
  queued: number;
  /** For somebody's approval. */
  waiting: number;
  builds: Build[];
  builders: { name: string; builds: number }[];
  minutes: { owner: string; minutes: number }[];
}

/** One kind of what nobody needs any more; `removed` counts over all servers and times. */
export interface Clearing {
  part: string;
  swept_at: string | null;
  removed: number;
  failure: string;
}

export class OverviewApi {
  constructor(private readonly transport: Transport = new HttpTransport()) {}

  mine = async (): Promise<Build[]> => (await this.transport.request<{ builds: Build[] }>("GET", "/builds")).builds;
  everything = (): Promise<Overview> => this.transport.request("GET", "/admin/builds");
  clearings = async (): Promise<Clearing[]> => (await this.transport.request<{ items: Clearing[] }>("GET", "/admin/clearings")).items;
  kill = (id: string): Promise<Build> => this.transport.request("POST", pathOf("builds", id, "kill"));
}

/** The one of each project that is shown: what runs before what waits, as the server orders them. */
export function byProject(builds: readonly Build[]): Record<string, Build> {
  const found: Record<string, Build> = {};
  for (const build of builds) found[build.project] ??= build;
  return found;
}
