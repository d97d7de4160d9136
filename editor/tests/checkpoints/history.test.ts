import { describe, expect, test, vi } from "vitest";
import { Problem } from "../../src/shared/api";
import type { CheckpointsApi } from "../../src/checkpoints/api";
import { Difference, History } from "../../src/checkpoints/History";
import type { Changes, Checkpoint, Restored } from "../../src/checkpoints/types";
import { byDay, sayFiles, sayRestored } from "../../src/checkpoints/words";

const one = (id: string, at = "2026-11-26T10:00:00"): Checkpoint => ({ id, at, branch: "main", files: 1, paths: ["src/a.js"], added: 1, removed: 0 });
const refused = new Problem(503, "about:blank", "No", "The sandbox does not start.");

function world(restored: Restored | Problem = { files: 2, undo: "before" }) {
  const restore = vi.fn<(id: string, paths?: string[]) => Promise<Restored>>(() => (restored instanceof Problem ? Promise.reject(restored) : Promise.resolve(restored)));
  const list = vi.fn((cursor?: string) => Promise.resolve(cursor ? { items: [one("old")], next: null } : { items: [one("new")], next: "1" }));
  const changes = vi.fn((id: string, _against: string, cursor?: string): Promise<Changes> =>
    Promise.resolve({ base: "b", target: id, files: 2, items: [{ path: cursor ? "z" : "a", change: "modified", added: 1, removed: 1 }], next: cursor ? null : "1" }),
  );
  const say = vi.fn<(text: string, options?: { kind?: "done" | "problem"; undo?: () => void }) => number>();
  const api = { restore, list, changes } as unknown as CheckpointsApi;
  return { api, restore, list, say, history: new History(api, say) };
}

describe("going back", () => {
  test("is done at once, told, and undone to what was there, for the same files", async () => {
    const { history, restore, say } = world();
    expect(await history.restore("then", ["src"])).toBe(true);
    expect(say).toHaveBeenCalledWith("2 files are as they were.", { undo: expect.any(Function) as unknown });
    say.mock.calls[0]?.[1]?.undo?.();
    await vi.waitFor(() => expect(restore).toHaveBeenLastCalledWith("before", ["src"]));
  });

  test("to where one is changes nothing and offers no undo", async () => {
    const { history, say } = world({ files: 0, undo: "before" });
    await history.restore("then");
    expect(say).toHaveBeenCalledWith("Nothing differs: it is as it was already.", {});
  });

  test("that is refused says why", async () => {
    const { history, say, list } = world(refused);
    expect(await history.restore("then")).toBe(false);
    expect(say).toHaveBeenCalledWith("Nothing was restored: The sandbox does not start.", { kind: "problem" });
    expect(list).not.toHaveBeenCalled();
  });
});

test("pages are added below what is shown", async () => {
  const { history, api, say } = world();
  await history.load();
  await history.more();
  await history.more();
  expect(history.value).toEqual({ items: [one("new"), one("old")], next: null });
  const difference = new Difference(api, "new", "before", "", say);
  await difference.load();
  await difference.more();
  expect(difference.value?.items.map(({ path }) => path)).toEqual(["a", "z"]);
});

test("words", () => {
  const now = new Date("2026-11-26T12:00:00");
  const days = byDay([one("a"), one("b", "2026-11-25T23:59:00"), one("c", "2026-11-24T10:00:00")], now);
  expect(days.map(([day]) => day)).toEqual(["Today", "Yesterday", "Tuesday 24 November"]);
  expect(sayFiles({ files: 3, paths: ["src/a.js", "b", "c"] })).toBe("a.js and 2 more");
  expect(sayFiles({ files: 0, paths: [] })).toBe("No file changed");
  expect(sayRestored(1, ["src/a.js"])).toBe("src/a.js is as it was.");
});
