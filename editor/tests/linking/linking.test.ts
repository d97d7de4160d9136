import { describe, expect, test, vi } from "vitest";
import { Problem, type Job, type Transport } from "../../src/shared/api";
import { LinkingApi } from "../../src/linking/api";
import { Connections } from "../../src/linking/Connections";
import { ProjectLink } from "../../src/linking/ProjectLink";
import { Repositories } from "../../src/linking/Repositories";
import type { Divergence, Link, Repository } from "../../src/linking/types";
import { nameOf, standingOf, whyNot } from "../../src/linking/words";

const DIVERGED: Divergence = { ref: "refs/heads/main", state: "diverged", ours: "1".repeat(40), theirs: "2".repeat(40), reason: "", compare_url: null };

function link(change: Partial<Link> = {}): Link {
  return {
    provider: "gitea",
    url: "https://git.example",
    repository: "octo/garden",
    web_url: "https://git.example/octo/garden",
    private: true,
    default_branch: "main",
    state: "linked",
    reason: "",
    key: null,
    hook: true,
    mirror: "level",
    mirror_reason: "",
    waits: false,
    looked_at: null,
    next_look: null,
    refs: [],
    ...change,
  };
}

function repository(change: Partial<Repository> = {}): Repository {
  return { path: "octo/Garden.js", description: "", private: false, archived: false, permission: "admin", default_branch: "main", url: "", projects: [], ...change };
}

class Answers implements Transport {
  readonly calls: string[] = [];

  constructor(private readonly answer: (call: string, query: Record<string, unknown>) => unknown) {}

  async request<Answer>(method: string, path: string, options: { query?: Record<string, unknown> } = {}): Promise<Answer> {
    const call = `${method} ${path}`;
    this.calls.push(call);
    const found = await this.answer(call, options.query ?? {});
    if (found instanceof Error) throw found;
    return found as Answer;
  }

  text(): Promise<string> {
    throw new Error("No file is read here.");
  }

  upload<Answer>(): Promise<Answer> {
    throw new Error("Nothing is uploaded here.");
  }
}

describe("how a link stands", () => {
  test.each<[Partial<Link>, string, string]>([
    [{}, "In step", "ok"],
    [{ state: "linking" }, "Being linked", "waits"],
    [{ waits: true }, "On the way to Gitea", "waits"],
    [{ mirror: "failing", mirror_reason: "It is away." }, "Not everything is at Gitea", "bad"],
    [{ state: "broken", reason: "Connect again." }, "Gitea does not let Firefly in", "bad"],
    [{ state: "diverged", refs: [DIVERGED] }, "Both sides went on", "bad"],
  ])("%o is %s", (change, label, tone) => {
    expect(standingOf(link(change))).toMatchObject({ label, tone });
  });

  test("repositories say why they cannot be imported, and give projects a name", () => {
    expect(whyNot(repository())).toBe("");
    expect(whyNot(repository({ archived: true }))).toContain("Archived");
    expect(whyNot(repository({ permission: "write" }))).toContain("may not administer");
    expect(nameOf("octo/Garden.js")).toBe("garden-js");
  });
});

describe("a project's link", () => {
  const project = { id: "p1", owner: "ada", name: "site" };

  test("is null where there is none, and a job that failed is found again", async () => {
    const none = new Problem(404, "urn:firefly:not-found", "Not found", "There is none.");
    const failed = { id: "j1", kind: "link", state: "failed" } as Job;
    const transport = new Answers((call) => (call === "GET /jobs" ? { items: [failed, { kind: "link", state: "succeeded" }], next: null } : none));
    const shown = new ProjectLink(new LinkingApi(transport), project);
    await shown.load();
    expect(shown.value).toEqual({ link: null, job: failed });
  });

  test("says which branch a choice has made, and shows how it is then", async () => {
    const say = vi.fn();
    const transport = new Answers((call) => {
      if (call === "GET /jobs") return { items: [], next: null };
      return call.endsWith("/resolve") ? { branch: "main-gitea", link: link() } : link();
    });
    const shown = new ProjectLink(new LinkingApi(transport), project, say);
    await shown.resolve("main", "theirs");
    expect(say).toHaveBeenCalledWith("Theirs is branch main-gitea here. Merge it into main.");
    expect(shown.value?.link?.state).toBe("linked");
  });
});

describe("repositories", () => {
  test("of a later search replace those of an earlier one, whichever is answered first", async () => {
    const answers: Record<string, (page: unknown) => void> = {};
    const transport = new Answers((_, { search }) => new Promise((resolve) => (answers[String(search)] = resolve)));
    const shown = new Repositories(new LinkingApi(transport), "c1");
    const both = [shown.find("", "old"), shown.find("", "new")];
    answers["new"]?.({ items: [repository({ path: "octo/new" })], next: null });
    answers["old"]?.({ items: [repository({ path: "octo/old" })], next: null });
    await Promise.all(both);
    expect(shown.store.getState().items?.map(({ path }) => path)).toEqual(["octo/new"]);
  });

  test("come page after page", async () => {
    const pages = [
      { items: [repository({ path: "o/a" })], next: "2" },
      { items: [repository({ path: "o/b" })], next: null },
    ];
    const transport = new Answers((_, { cursor }) => pages[cursor === "2" ? 1 : 0]);
    const shown = new Repositories(new LinkingApi(transport), "c1");
    await shown.find("", "");
    await shown.more("", "");
    expect(shown.store.getState()).toMatchObject({ next: null, items: [{ path: "o/a" }, { path: "o/b" }] });
  });
});

describe("connections", () => {
  test("are made at the provider's page, and say what is left when they end", async () => {
    const [say, leave] = [vi.fn(), vi.fn()];
    const transport = new Answers((call) => {
      if (call.endsWith("/authorize")) return { url: "https://git.example/login" };
      return call.startsWith("DELETE") ? { left: "Remove it there as well." } : { connections: [], providers: [], left: [], app_page: null };
    });
    const shown = new Connections(new LinkingApi(transport), say, leave);
    await shown.authorize({ provider: "gitea" }, "read", "/import/provider");
    expect(leave).toHaveBeenCalledWith("https://git.example/login");
    await shown.disconnect({ id: "c1" } as never);
    expect(say).toHaveBeenCalledWith("Remove it there as well.");
    expect(transport.calls).toEqual(["POST /connections/gitea/authorize", "DELETE /connections/c1", "GET /connections"]);
  });
});
