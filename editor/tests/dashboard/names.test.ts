import { describe, expect, it } from "vitest";
import { complaintAbout, freeName, nameFrom } from "../../src/dashboard/names";

describe("a name", () => {
  it.each(["a", "my-site", "x2", "1-2-3"])("%s is good", (name) => {
    expect(complaintAbout(name)).toBeNull();
  });

  it.each(["", "Site", "a--b", "-a", "a-", "a b", "ä", "a_b", "x".repeat(40)])("%j is not, and the reason is told", (name) => {
    expect(complaintAbout(name)).toMatch(/\w{3}.*\.$/);
  });
});

describe("a proposed name", () => {
  it.each([
    ["https://git.example/team/My_Site.git", "my-site"],
    ["git@git.example:team/site.git", "site"],
    ["https://git.example/team/site/", "site"],
    ["Ünïcode Page.tar.gz", "unicode-page"],
    ["C:\\work\\site.zip", "site"],
    ["", ""],
    ["???", ""],
  ])("of %j is %j", (text, name) => {
    expect(nameFrom(text)).toBe(name);
  });

  it("is always good, or empty", () => {
    for (const text of ["a".repeat(80), "--x--", `${"a-".repeat(30)}b`]) expect(complaintAbout(nameFrom(text))).toBeNull();
  });

  it("is one that is free", () => {
    expect(freeName("site", new Set())).toBe("site");
    expect(freeName("site", new Set(["site", "site-2"]))).toBe("site-3");
  });
});
