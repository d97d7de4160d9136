/** The calls of one project's hooks. */
import { HttpTransport, type Page, type Transport } from "../../shared/api";
import { pathOf } from "../../shared/api/transport";
import type { Key } from "../api";
import type { CreatedHook, Delivery, Hook, NewHook, Received } from "./types";

export class HooksApi {
  constructor(
    private readonly key: Key,
    private readonly transport: Transport = new HttpTransport(),
  ) {}

  list = async (): Promise<Hook[]> => (await this.ask<Page<Hook>>("GET", ["hooks"])).items;
  add = (wanted: NewHook): Promise<CreatedHook> => this.ask("POST", ["hooks"], wanted);
  setActive = (id: string, active: boolean): Promise<Hook> => this.ask("PATCH", ["hooks", id], { active });
  remove = (id: string): Promise<void> => this.ask("DELETE", ["hooks", id]);
  ping = (id: string): Promise<Delivery> => this.ask("POST", ["hooks", id, "ping"]);
  deliveries = async (id: string): Promise<Delivery[]> => (await this.ask<Page<Delivery>>("GET", ["hooks", id, "deliveries"])).items;
  redeliver = (id: string, delivery: string): Promise<Delivery> => this.ask("POST", ["hooks", id, "deliveries", delivery, "redeliver"]);

  received = async (): Promise<Received[]> => (await this.ask<Page<Received>>("GET", ["hook-deliveries"])).items;
  handleAgain = (id: string): Promise<Received> => this.ask("POST", ["hook-deliveries", id, "redeliver"]);

  private ask<Answer>(method: string, more: string[], body?: unknown): Promise<Answer> {
    return this.transport.request(method, pathOf("projects", this.key.owner, this.key.name, ...more), body === undefined ? {} : { body });
  }
}
