/** The calls of one project's workspaces. */
import { HttpTransport, type Job, type Page, type Transport } from "../shared/api";
import { pathOf } from "../shared/api/transport";
import type { OpenedWorkspace, Workspace } from "./types";

export class WorkspacesApi {
  constructor(
    private readonly key: { owner: string; name: string },
    private readonly transport: Transport = new HttpTransport(),
  ) {}

  list = async (): Promise<Workspace[]> => (await this.transport.request<Page<Workspace>>("GET", this.path())).items;
  find = (member: string): Promise<Workspace> => this.transport.request("GET", this.path(member));
  open = (): Promise<OpenedWorkspace> => this.transport.request("POST", this.path());
  job = (id: string): Promise<Job> => this.transport.request("GET", pathOf("jobs", id));
  discard = (member: string, anyway: boolean): Promise<void> =>
    this.transport.request("DELETE", this.path(member), { query: { anyway } });

  private path(...more: string[]): string {
    return pathOf("projects", this.key.owner, this.key.name, "workspaces", ...more);
  }
}
