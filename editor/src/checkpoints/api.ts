/** The calls of one workspace's checkpoints. */
import { HttpTransport, type Page, type Transport } from "../shared/api";
import { pathOf } from "../shared/api/transport";
import type { Against, Changes, Checkpoint, Restored, Status } from "./types";

export interface Key {
  owner: string;
  name: string;
  /** Whose own workspace; empty for the shared one. */
  workspace: string;
}

export class CheckpointsApi {
  constructor(
    private readonly key: Key,
    private readonly transport: Transport = new HttpTransport(),
  ) {}

  list = (cursor?: string): Promise<Page<Checkpoint>> => this.get([], { cursor });
  status = (): Promise<Status> => this.get(["status"]);
  changes = (id: string, against: Against, cursor?: string): Promise<Changes> => this.get([id, "changes"], { against, cursor });
  text = (id: string, path: string): Promise<string> => this.transport.text(this.path(id, "files", ...path.split("/")), this.query());

  /** Without `paths` all files; what is there now is kept first. */
  restore = (id: string, paths?: string[]): Promise<Restored> =>
    this.transport.request("POST", this.path(id, "restore"), { query: this.query(), body: paths ? { paths } : {} });

  private get<Answer>(more: string[], query: Record<string, string | undefined> = {}): Promise<Answer> {
    return this.transport.request("GET", this.path(...more), { query: { ...this.query(), ...query } });
  }

  private path(...more: string[]): string {
    return pathOf("projects", this.key.owner, this.key.name, "checkpoints", ...more);
  }

  private query(): Record<string, string | undefined> {
    return { workspace: this.key.workspace || undefined };
  }
}
