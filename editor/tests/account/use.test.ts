import { expect, it } from "vitest";
import { figuresOf, sayTooMuch } from "../../src/account/Use";

it("says what is used beside what is allowed, and no limit where there is none", () => {
  const quota = { owner: "ada", projects: { used: 3, most: 1000 }, queued: 0, running: { used: 0, most: null }, minutes: { used: 12.34, most: 500 }, sites: { used: 2, most: 20 }, exceeded: [] };
  expect(figuresOf(quota).map(({ value }) => value)).toEqual(["3 of 1,000", "2 of 20", "0", "12.3 of 500"]);
});

it("names what is too much", () => {
  expect(sayTooMuch(["projects", "sites"])).toContain("more projects and running sites than you may");
});
