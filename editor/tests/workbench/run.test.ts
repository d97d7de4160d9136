import { expect, test } from "vitest";
import type { ApplicationStatus } from "../../src/bridge";
import { awakeUntil, restsAt, runOf, showsPage } from "../../src/workbench/run";

function status(changes: Partial<ApplicationStatus>): ApplicationStatus {
  const plain = { state: "running", kind: "server", command: "x", port: 3000, reason: "", since: "", restarts: 0, found_by: "", steps: [] } as const;
  return { ...plain, steps: [], ...changes };
}

test.each([
  [{ state: "running" }, true, "Running"],
  [{ state: "stopped" }, false, "Stopped"],
  [{ state: "crashed" }, false, "Crashed"],
  [{ state: "waiting" }, false, "Restarting soon"],
  [{ kind: "script", state: "stopped", exit_code: 0 }, true, "Done"],
  [{ kind: "script", state: "stopped", exit_code: null }, false, "Stopped"],
  [{ kind: "script", state: "crashed", exit_code: 3 }, false, "Crashed"],
  [{ kind: "none", state: "waiting" }, true, "Nothing to run"],
] as const)("%o has a page: %s, and is called %s", (changes, shown, label) => {
  const application = status(changes);
  expect(showsPage(application)).toBe(shown);
  expect(runOf(application, null, { name: "ready" }).label).toBe(label);
});

test("what is kept awake says until when, by whom and why", () => {
  const until = new Date(2026, 10, 26, 14, 5).toISOString();
  const sandbox = { state: "running", reason: "", since: "", freezes_at: until, stops_at: until } as const;
  const kept = { ...sandbox, keep_awake: [{ id: "1", by: "ada", reason: "a demonstration", until }] };
  expect(runOf(status({}), sandbox, { name: "ready" }).detail).toBe("sleeps at 14:05");
  expect(runOf(status({}), kept, { name: "ready" }).detail).toBe("awake until 14:05");
  expect(awakeUntil(kept)).toBe("Kept awake by ada until 14:05: a demonstration.");
  expect(awakeUntil(sandbox)).toBe("");
  expect(restsAt({ ...sandbox, stops_at: null })).toBe("It sleeps at 14:05, unless it is used.");
  expect(restsAt(sandbox)).toBe("It sleeps at 14:05 and stops at 14:05, unless it is used.");
  expect(restsAt({ ...sandbox, state: "frozen" })).toBe("It is frozen, and wakes when it is used; else it stops at 14:05.");
  expect(restsAt({ ...sandbox, state: "stopped", stops_at: null })).toBe("");
});
