import { describe, expect, test, vi } from "vitest";
import { AccessApi } from "../../src/sharing/api";
import { Sharing } from "../../src/sharing/Sharing";
import type { Access } from "../../src/sharing/types";
import { Answers, eve, grant, link, nothing, refused } from "./samples";

async function open(change: Partial<Access> = {}, answer?: unknown) {
  const server = new Answers({ ...nothing, ...change }, answer);
  const say = vi.fn<(text: string, options?: { kind?: "done" | "problem"; undo?: () => void }) => number>();
  const sharing = new Sharing(new AccessApi({ owner: "ada", name: "site" }, server), say);
  await sharing.load();
  server.calls.length = 0;
  const access = (): Access => {
    const shown = sharing.value;
    if (!shown) throw new Error("nothing is shown");
    return shown;
  };
  return { server, say, sharing, access };
}

describe("letting everybody in", () => {
  test("is shown at once, and undone by one call", async () => {
    const { server, say, sharing, access } = await open();
    const done = sharing.setEverybody("preview");
    expect(access().public).toBe(true);
    server.access = { ...nothing, public: true };
    await done;
    expect(server.calls).toEqual(["PATCH", "GET"]);
    server.calls.length = 0;
    say.mock.lastCall?.[1]?.undo?.();
    expect(access().public).toBe(false);
    await vi.waitFor(() => expect(server.calls).toEqual(["PATCH", "GET"]));
  });

  test("to the files, too, takes the preview's own switch back", async () => {
    const { server, sharing } = await open({ public: true });
    await sharing.setEverybody("all");
    expect(server.calls).toEqual(["PATCH", "PUT", "GET"]);
  });

  test("offers no undoing to those who may only narrow", async () => {
    const { say, sharing } = await open({ public: true, may: { manage: true, widen: false } });
    await sharing.setEverybody("nobody");
    expect(say.mock.lastCall?.[1]?.undo).toBeUndefined();
  });
});

describe("what the server refuses", () => {
  test("is taken back and told", async () => {
    const { server, say, sharing, access } = await open({ people: [eve] });
    server.refusal = refused;
    const done = sharing.removePerson(eve);
    expect(access().people).toEqual([]);
    await done;
    expect(access().people).toEqual([eve]);
    expect(say.mock.calls).toEqual([["Ask an owner.", { kind: "problem" }]]);
  });

  test("is thrown where a form shows it beside its field", async () => {
    const { server, sharing } = await open();
    server.refusal = refused;
    await expect(sharing.addPerson("eve")).rejects.toBe(refused);
  });
});

test("who is named with an @ is an address, all others are accounts", async () => {
  const { server, sharing } = await open();
  await sharing.addPerson(" Sam@example.org ");
  await sharing.addPerson("Eve");
  expect(server.bodies.filter(Boolean)).toEqual([{ email: "Sam@example.org" }, { account: "eve" }]);
});

test("a person who was removed comes back by undoing", async () => {
  const { server, say, sharing } = await open({ people: [eve] });
  await sharing.removePerson(eve);
  say.mock.lastCall?.[1]?.undo?.();
  await vi.waitFor(() => expect(server.calls).toContain("POST /people"));
});

test("ending a link is not undone", async () => {
  const { say, sharing } = await open({ links: [link] });
  await sharing.endLink(link);
  expect(say.mock.calls).toEqual([["“For the customer” works no longer."]]);
});

test("members who are put out are said to come back", async () => {
  const { say, sharing } = await open({ grants: [grant("member", "Ada")] });
  await sharing.endGrant(grant("member", "Ada"), "Ada");
  expect(say.mock.lastCall?.[0]).toBe("Ada is out, and comes back by signing in.");
});

test("a list is replaced by the one with what was added", async () => {
  const { server, sharing } = await open({ addresses: ["192.0.2.0/24"] });
  await sharing.addTo("addresses", " 198.51.100.7 ");
  expect(server.bodies.filter(Boolean)).toEqual([{ addresses: ["192.0.2.0/24", "198.51.100.7"] }]);
});

test("an answer that a change has overtaken is not shown", async () => {
  const { server, sharing, access } = await open({ links: [link] });
  const stale = sharing.load();
  server.access = nothing;
  const ending = sharing.endLink(link);
  await Promise.all([stale, ending]);
  expect(access().links).toEqual([]);
});

test("what is known stays when looking again fails", async () => {
  const { server, sharing, access } = await open({ people: [eve] });
  vi.spyOn(server, "request").mockRejectedValueOnce(refused);
  sharing.heard();
  await vi.waitFor(() => expect(sharing.store.getState().problem).toBe(refused));
  expect(access().people).toEqual([eve]);
});
