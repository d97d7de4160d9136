import { describe, expect, test } from "vitest";
import { rowsOf } from "../../src/panels/tree/rows";
import { matchText, search } from "../../src/workbench/fuzzy";
import { moved, nameProblem, parentOf } from "../../src/workbench/paths";
import { pathOf, previewUrl } from "../../src/workbench/preview";

describe("paths", () => {
  test("what lies in a moved folder moves along, its namesake does not", () => {
    expect(moved("src/a.ts", "src", "lib")).toBe("lib/a.ts");
    expect(moved("src", "src", "lib")).toBe("lib");
    expect(moved("src2/a.ts", "src", "lib")).toBeNull();
    expect(parentOf("a.ts")).toBe("");
  });

  test.each(["", "  ", "/a", "a//b", "../a", "a/..", ".", ".git/config", "a\0"])("%j names no file", (name) => {
    expect(nameProblem(name)).not.toBeNull();
  });

  test.each(["a", "a/b.txt", ".gitignore", "ü ö"])("%j names a file", (name) => {
    expect(nameProblem(name)).toBeNull();
  });
});

describe("preview", () => {
  const base = "http://site--ada.preview.localhost:8000";
  test("another port is a label before the host", () => {
    expect(previewUrl(base, null, "/a?b#c")).toBe("http://site--ada.preview.localhost:8000/a?b#c");
    expect(previewUrl(base, 5173, "/")).toBe("http://5173--site--ada.preview.localhost:8000/");
  });
  test("an address elsewhere is not shown", () => {
    expect(pathOf("about", base, null)).toBe("/about");
    expect(pathOf(`${base}/x?y`, base, null)).toBe("/x?y");
    expect(pathOf("https://example.org/", base, null)).toBeNull();
    expect(pathOf("javascript:alert(1)", base, null)).toBeNull();
  });
});

describe("searching", () => {
  test("a file's own name counts more than its folders", () => {
    const found = search("app", ["apple/pear/plum.ts", "src/App.tsx", "src/map.pp"], (path) => path);
    expect(found[0]?.item).toBe("src/App.tsx");
  });
  test("letters must come in order", () => {
    expect(matchText("abc", "a-b-c")).not.toBeNull();
    expect(matchText("abc", "cba")).toBeNull();
  });
});

test("the tree's rows are what is open, in reading order, with the field for a new name in its folder", () => {
  const entry = (path: string, kind: "file" | "folder") => ({ path, name: path, kind, size: 0, modified: "", ignored: false });
  const folders = {
    "": { state: "ready" as const, entries: [entry("src", "folder"), entry("a", "file")], truncated: false },
    src: { state: "ready" as const, entries: [entry("src/b", "file")], truncated: false },
  };
  const rows = rowsOf(folders, new Set(["src"]), { kind: "file", path: "src" });
  expect(rows.map((row) => [row.type, row.path, row.depth])).toEqual([
    ["entry", "src", 0],
    ["naming", ":new", 1],
    ["entry", "src/b", 1],
    ["entry", "a", 0],
  ]);
});
