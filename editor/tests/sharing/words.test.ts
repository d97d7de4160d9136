import { describe, expect, test } from "vitest";
import { everybodyOf, sayLoss, sayUses, sayVisitor, sayWho } from "../../src/sharing/words";
import { code, eve, grant, link, nothing } from "./samples";

describe("who can see the preview, in one sentence", () => {
  test.each([
    [{}, "Only members can see the preview."],
    [{ people: [eve] }, "Members and Eve can see the preview."],
    [{ people: [eve, eve], links: [link] }, "Members, 2 people and whoever has the link can see the preview."],
    [{ links: [link, link], code }, "Members and whoever has one of 2 links or the code can see the preview."],
    [{ addresses: ["192.0.2.0/24"] }, "Members and visitors from 1 network can see the preview."],
    [{ public_paths: ["/healthz"] }, "Only members can see the preview. Everybody can see /healthz."],
    [{ public: true, people: [eve] }, "Everybody who has the address can see the preview."],
    [{ visibility: "public" as const }, "Everybody can see the preview and the files."],
    [{ may: { manage: false, widen: false } }, "Members can see the preview, and whoever an owner lets in."],
  ])("%j", (change, sentence) => {
    expect(sayWho({ ...nothing, ...change })).toBe(sentence);
  });
});

test("a public project shows more than a public preview", () => {
  expect(everybodyOf({ visibility: "public", public: true })).toBe("all");
  expect(everybodyOf({ visibility: "members", public: true })).toBe("preview");
});

test("uses are counted in words", () => {
  expect([0, 1, 3].map((uses) => sayUses({ uses, max_uses: null }))).toEqual(["Not used yet", "Used once", "Used 3 times"]);
  expect(sayUses({ uses: 0, max_uses: 1 })).toBe("0 of 1 use");
});

test("a link's label says by what somebody came, not who", () => {
  expect(sayVisitor(grant("link", "For the customer"))).toEqual({ name: "Visitor", way: "By the link “For the customer”" });
  expect(sayVisitor(grant("request", "Sam")).name).toBe("Sam");
});

test("ending all says who comes back and how", () => {
  const said = sayLoss([grant("member"), grant("person"), grant("link"), grant("request")]);
  expect(said).toContain("2 members and people can come back by signing in.");
  expect(said).toContain("1 visitor can come back by what they came by");
  expect(said).toContain("1 visitor who asked must ask again.");
});
