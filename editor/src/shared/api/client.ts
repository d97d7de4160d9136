/** Every call of the API that the pages make, typed. */
import { HttpTransport, pathOf, type Transport } from "./transport";
import type * as t from "./types";

type Key = Pick<t.Project, "owner" | "name">;

const of = ({ owner, name }: Key, ...more: string[]): string => pathOf("projects", owner, name, ...more);

export class Api {
  constructor(private readonly transport: Transport = new HttpTransport()) {}

  me = (): Promise<t.Me> => this.transport.request("GET", "/me");
  changeMe = (change: t.AccountChange): Promise<t.Me> => this.transport.request("PATCH", "/me", { body: change });

  projects(options: { cursor?: string | undefined; deleted?: boolean; limit?: number } = {}): Promise<t.Page<t.Project>> {
    return this.transport.request("GET", "/projects", { query: options });
  }

  /** All pages, at most `most` projects of them. */
  async allProjects(options: { deleted?: boolean; most?: number } = {}): Promise<t.Page<t.Project>> {
    const { deleted = false, most = 1000 } = options;
    const found: t.Project[] = [];
    let next: string | null | undefined;
    do {
      const page = await this.projects({ deleted, limit: 200, cursor: next ?? undefined });
      found.push(...page.items);
      next = page.next;
    } while (next && found.length < most);
    return { items: found, next };
  }

  project = (key: Key): Promise<t.Project> => this.transport.request("GET", of(key));
  templates = (): Promise<t.Page<t.Template>> => this.transport.request("GET", "/templates");
  createProject = (wanted: t.NewProject): Promise<t.CreatedProject> =>
    this.transport.request("POST", "/projects", { body: wanted });

  uploadProject(
    wanted: { name: string; visibility?: t.Visibility },
    file: File,
    options: { signal: AbortSignal; progress: (share: number) => void },
  ): Promise<t.CreatedProject> {
    return this.transport.upload("/projects", { file, query: { ...wanted, filename: file.name }, ...options });
  }

  changeProject = (key: Key, change: t.ProjectChange): Promise<t.Project> =>
    this.transport.request("PATCH", of(key), { body: change });
  deleteProject = (key: Key): Promise<t.Project> => this.transport.request("DELETE", of(key));
  restoreProject = (key: Key): Promise<t.Project> => this.transport.request("POST", of(key, "restore"));

  sandbox = (key: Key): Promise<t.Sandbox> => this.transport.request("GET", of(key, "sandbox"));
  startSandbox = (key: Key): Promise<t.Sandbox> => this.transport.request("POST", of(key, "sandbox", "start"));
  stopSandbox = (key: Key): Promise<t.Sandbox> => this.transport.request("POST", of(key, "sandbox", "stop"));
  restartSandbox = (key: Key): Promise<t.Sandbox> => this.transport.request("POST", of(key, "sandbox", "restart"));

  members = (key: Key): Promise<t.Page<t.Member>> => this.transport.request("GET", of(key, "members"));
  putMember = (key: Key, member: string, role: t.Role): Promise<t.Member> =>
    this.transport.request("PUT", of(key, "members", member), { body: { role } });
  removeMember = (key: Key, member: string): Promise<void> =>
    this.transport.request("DELETE", of(key, "members", member));

  jobs = (): Promise<t.Page<t.Job>> => this.transport.request("GET", "/jobs");
  job = (id: string): Promise<t.Job> => this.transport.request("GET", pathOf("jobs", id));
  cancelJob = (id: string): Promise<t.Job> => this.transport.request("POST", pathOf("jobs", id, "cancel"));

  tokens = (): Promise<t.Page<t.Token>> => this.transport.request("GET", "/tokens");
  createToken = (wanted: t.NewToken): Promise<t.CreatedToken> =>
    this.transport.request("POST", "/tokens", { body: wanted });
  revokeToken = (id: string): Promise<void> => this.transport.request("DELETE", pathOf("tokens", id));

  sessions = (): Promise<t.Page<t.Session>> => this.transport.request("GET", "/sessions");
  closeSession = (id: string): Promise<void> => this.transport.request("DELETE", pathOf("sessions", id));
  closeSessions = (): Promise<void> => this.transport.request("DELETE", "/sessions");

  quotas = (owners: string): Promise<t.Page<t.Quota>> => this.transport.request("GET", "/quotas", { query: { owners } });
  users = (): Promise<t.Page<t.Account>> => this.transport.request("GET", "/users");
  createUser = (wanted: t.NewAccount): Promise<t.CreatedAccount> =>
    this.transport.request("POST", "/users", { body: wanted });
  frontDoor = (): Promise<t.FrontDoor> => this.transport.request("GET", "/admin/front-door");
  routes = (search: string, cursor: string | null): Promise<t.Page<t.RouteEntry>> => {
    const query = new URLSearchParams({ search, ...(cursor ? { cursor } : {}) });
    return this.transport.request("GET", `/admin/routes?${query.toString()}`);
  };
  changeUser = (name: string, change: { is_administrator: boolean }): Promise<t.Account> =>
    this.transport.request("PATCH", pathOf("users", name), { body: change });
}
