/** The calls of one project's domains. */
import { HttpTransport, type Page, type Transport } from "../shared/api";
import { pathOf } from "../shared/api/transport";
import type { Domain } from "./types";

export class DomainsApi {
  constructor(
    private readonly key: { owner: string; name: string },
    private readonly transport: Transport = new HttpTransport(),
  ) {}

  list = async (): Promise<Domain[]> => (await this.ask<Page<Domain>>("GET")).items;
  add = (host: string, port: number | null): Promise<Domain> => this.ask("POST", [], { host, port });
  check = (id: string): Promise<Domain> => this.ask("POST", [id, "check"]);
  remove = (id: string): Promise<void> => this.ask("DELETE", [id]);

  private ask<Answer>(method: string, more: string[] = [], body?: unknown): Promise<Answer> {
    const path = pathOf("projects", this.key.owner, this.key.name, "domains", ...more);
    return this.transport.request(method, path, body === undefined ? {} : { body });
  }
}
