import { expect, test } from "vitest";
import { initialState } from "../../src/workbench/state";
import { syncOf } from "../../src/workbench/sync";

const project = { id: "p1", owner: "ada", name: "site", branch: "main", workspace: "", me: "", previewUrl: "", dashboardUrl: "", settingsUrl: "" };

test.each([
  ["owner", "All changes saved."],
  ["editor", "All changes saved."],
  ["viewer", "You may look, not change."],
] as const)("a connected %s is told: %s", (role, text) => {
  expect(syncOf({ ...initialState(project, role), phase: { name: "ready" } }).text).toBe(text);
});

test("a viewer is told of a lost connection like anyone", () => {
  expect(syncOf({ ...initialState(project, "viewer"), phase: { name: "lost" } as never }).text).toContain("Connection lost");
});
