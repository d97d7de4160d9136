/** The calls of one project's secrets. */
import { HttpTransport, type Page, type Transport } from "../shared/api";
import { pathOf } from "../shared/api/transport";
import type { Entry, Secret } from "./types";

export class SecretsApi {
  constructor(
    private readonly key: { owner: string; name: string },
    private readonly transport: Transport = new HttpTransport(),
  ) {}

  list = async (): Promise<Secret[]> => (await this.ask<Page<Secret>>("GET")).items;
  set = ({ name, value }: Entry): Promise<Secret> => this.ask("POST", [], { name, value });
  remove = (name: string): Promise<void> => this.ask("DELETE", [name]);

  private ask<Answer>(method: string, more: string[] = [], body?: unknown): Promise<Answer> {
    const path = pathOf("projects", this.key.owner, this.key.name, "secrets", ...more);
    return this.transport.request(method, path, body === undefined ? {} : { body });
  }
}
