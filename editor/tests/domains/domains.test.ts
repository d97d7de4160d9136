import { describe, expect, test, vi } from "vitest";
import type { Problem, Transport } from "../../src/shared/api";
import { DomainsApi } from "../../src/domains/api";
import { Domains } from "../../src/domains/Domains";
import type { Domain } from "../../src/domains/types";
import { aliasOf, isInService, sayCertificate, sayNextCheck, wantsRecord } from "../../src/domains/words";
import { refused } from "../sharing/samples";

function domain(change: Partial<Domain> = {}): Domain {
  return {
    id: "d1",
    host: "www.example.org",
    name: "www.example.org",
    kind: "custom",
    port: null,
    state: "pending",
    reason: "",
    url: "https://www.example.org",
    by: "ada",
    added_at: "2026-11-20T10:00:00Z",
    proof: { type: "TXT", name: "_firefly.www.example.org", value: "firefly-1" },
    failing_since: null,
    checked_at: null,
    next_check: "2026-11-20T10:02:00Z",
    certificate: { state: "planned", reason: "", ends: null },
    ...change,
  };
}

class Answers implements Transport {
  readonly calls: string[] = [];
  refusal: Problem | null = null;

  constructor(public domains: Domain[]) {}

  async request<Answer>(method: string, path: string): Promise<Answer> {
    await Promise.resolve();
    this.calls.push(`${method} ${path.replace("/projects/ada/site/domains", "")}`.trim());
    if (method === "GET") return { items: this.domains, next: null } as Answer;
    if (this.refusal) throw this.refusal;
    return this.domains[0] as Answer;
  }

  text(): Promise<string> {
    throw new Error("No file is read here.");
  }

  upload<Answer>(): Promise<Answer> {
    throw new Error("Nothing is uploaded here.");
  }
}

async function open(...domains: Domain[]) {
  const server = new Answers(domains);
  const say = vi.fn<(text: string, options?: { kind?: "done" | "problem"; undo?: () => void }) => number>();
  const shown = new Domains(new DomainsApi({ owner: "ada", name: "site" }, server), say);
  await shown.load();
  return { server, say, shown, states: () => shown.value?.map(({ state }) => state) };
}

describe("a domain", () => {
  test("that was proven is told, and shown as it is then", async () => {
    const { server, say, shown, states } = await open(domain());
    server.domains = [domain({ state: "active" })];
    await shown.check(domain());
    expect(states()).toEqual(["active"]);
    expect(say.mock.lastCall?.[0]).toBe("www.example.org is in service.");
  });

  test("that still waits says so in its row alone", async () => {
    const { say, shown } = await open(domain());
    await shown.check(domain());
    expect(say).not.toHaveBeenCalled();
  });

  test("is gone at once when removed, and back when the server refuses", async () => {
    const { server, say, shown, states } = await open(domain());
    server.refusal = refused;
    const done = shown.remove(domain(), true);
    expect(states()).toEqual([]);
    await done;
    expect(states()).toEqual(["pending"]);
    expect(say.mock.lastCall).toEqual(["Ask an owner.", { kind: "problem" }]);
  });

  test("comes back by undoing, for those who may add", async () => {
    const { server, say, shown } = await open(domain());
    await shown.remove(domain(), false);
    expect(say.mock.lastCall?.[1]?.undo).toBeUndefined();
    await shown.remove(domain(), true);
    say.mock.lastCall?.[1]?.undo?.();
    await vi.waitFor(() => expect(server.calls.filter((call) => call.startsWith("POST"))).toEqual(["POST"]));
  });
});

test("the record is shown until it is proven, and when it is gone", () => {
  const shown = (["pending", "active", "failing", "suspended", "taken"] as const).filter((state) => wantsRecord(domain({ state })));
  expect(shown).toEqual(["pending", "failing", "suspended", "taken"]);
  expect(wantsRecord(domain({ state: "pending", proof: null }))).toBe(false);
  expect([isInService(domain({ state: "failing" })), isInService(domain())]).toEqual([true, false]);
});

test("certificates are spoken of where something is to be known", () => {
  const said = (state: Domain["certificate"]["state"], reason = ""): string | null =>
    sayCertificate(domain({ certificate: { state, reason, ends: null } }));
  expect([said("valid"), said("planned"), said("elsewhere", "It speaks plain http.")]).toEqual([null, null, null]);
  expect(said("ordered")).toBe("Its certificate is on its way.");
  expect(said("failed", "The CA refused.")).toBe("It has no certificate yet: The CA refused.");
  expect(said("missing", "Ask the operator.")).toBe("Ask the operator.");
});

test("the next look is said in words", () => {
  const now = new Date("2026-11-20T10:00:00Z");
  expect(sayNextCheck(domain(), now)).toBe("Firefly looks again in 2 minutes.");
  expect(sayNextCheck(domain({ next_check: null }), now)).toBe("Firefly no longer looks by itself.");
  expect(sayNextCheck(domain({ next_check: "2026-11-20T09:59:00Z" }), now)).toBe("Firefly looks for it now.");
});

test("one word becomes an alias of the content domain", () => {
  const preview = "http://site--ada.preview.localhost:8000";
  expect(aliasOf(" Shop ", preview)).toBe("shop.preview.localhost:8000");
  expect([aliasOf("www.example.org", preview), aliasOf("", preview)]).toEqual([null, null]);
});
