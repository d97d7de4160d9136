/** The calls of access to one project's previews, and the list of who asks for it in all. */
import { HttpTransport, type Page, type Transport, type Visibility } from "../shared/api";
import { pathOf } from "../shared/api/transport";
import type * as t from "./types";

export class AccessApi {
  constructor(
    private readonly key: { owner: string; name: string },
    private readonly transport: Transport = new HttpTransport(),
  ) {}

  look = (): Promise<t.Access> => this.ask("GET");
  setVisibility = (visibility: Visibility): Promise<t.Access> => this.ask("PUT", [], { visibility });
  setPolicy = (change: Partial<t.Policy>): Promise<t.Access> => this.ask("PATCH", [], change);

  addPerson = (who: { account: string } | { email: string }): Promise<t.Person> => this.ask("POST", ["people"], who);
  removePerson = (id: string): Promise<void> => this.ask("DELETE", ["people", id]);
  makeLink = (wanted: t.LinkWanted): Promise<t.NewLink> => this.ask("POST", ["links"], wanted);
  endLink = (id: string): Promise<void> => this.ask("DELETE", ["links", id]);
  makeCode = (wanted: { expires_in: number }): Promise<t.NewCode> => this.ask("POST", ["code"], wanted);
  endCode = (): Promise<void> => this.ask("DELETE", ["code"]);
  setPassword = (password: string): Promise<t.Password> => this.ask("POST", ["password"], { password });
  endPassword = (): Promise<void> => this.ask("DELETE", ["password"]);

  endGrant = (id: string): Promise<void> => this.ask("DELETE", ["grants", id]);
  endGrants = (): Promise<void> => this.ask("DELETE", ["grants"]);
  answer = (id: string, reply: t.Reply): Promise<{ code: string | null }> => this.ask("POST", ["requests", id], reply);

  private ask<Answer>(method: string, more: string[] = [], body?: unknown): Promise<Answer> {
    const path = pathOf("projects", this.key.owner, this.key.name, "access", ...more);
    return this.transport.request(method, path, body === undefined ? {} : { body });
  }
}

/** Whoever waits for this account's answer, the oldest first. */
export async function listWaiting(transport: Transport = new HttpTransport()): Promise<t.Waiting[]> {
  return (await transport.request<Page<t.Waiting>>("GET", "/access/requests")).items;
}
