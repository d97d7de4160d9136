import { describe, expect, it, vi } from "vitest";
import { Problem } from "../../src/shared/api";
import type { WorkspacesApi } from "../../src/workspaces/api";
import { findOwn, openOwn } from "../../src/workspaces/opening";
import { Workspaces } from "../../src/workspaces/Workspaces";
import { placeOf } from "../../src/workbench/memory";

const job = (state: string, error: string | null = null) => ({
  id: "j",
  project_id: "p",
  kind: "workspace",
  state,
  error,
  steps: [{ name: "Open the workspace", state: "running" }],
});
const urls = { editor: "/app/ada/site?workspace=bob", preview: "" };
const now = (): Promise<void> => Promise.resolve();

describe("opening one's own", () => {
  it("leads there when its job has ended, and says what happens meanwhile", async () => {
    const api = { open: () => Promise.resolve({ job: job("queued"), urls }), job: vi.fn().mockResolvedValueOnce(job("running")).mockResolvedValueOnce(job("succeeded")) };
    const steps: string[] = [];
    expect(await openOwn(api as unknown as WorkspacesApi, (step) => steps.push(step), now)).toBe(urls.editor);
    expect(steps).toEqual(["Open the workspace", "Open the workspace"]);
  });

  it("throws what the job failed with", async () => {
    const api = { open: () => Promise.resolve({ job: job("failed", "No sandbox can be started."), urls }) };
    await expect(openOwn(api as unknown as WorkspacesApi, () => undefined, now)).rejects.toMatchObject({ detail: "No sandbox can be started." });
  });

  it("knows whether there is one", async () => {
    const found = { find: () => Promise.resolve({ ready: true, urls }) };
    const missing = { find: () => Promise.reject(new Problem(404, "", "", "None.")) };
    expect(await findOwn(found as unknown as WorkspacesApi, "bob")).toBe(urls.editor);
    expect(await findOwn(missing as unknown as WorkspacesApi, "bob")).toBeUndefined();
  });
});

describe("discarding", () => {
  it("asks with what would be lost, and only then discards it anyway", async () => {
    const discard = vi.fn().mockRejectedValueOnce(new Problem(409, "", "", "1 changed file.")).mockResolvedValueOnce(undefined);
    const say = vi.fn();
    const workspaces = new Workspaces({ list: () => Promise.resolve([]), discard } as unknown as WorkspacesApi, say);
    await workspaces.discard("bob");
    expect(workspaces.store.getState().stake).toEqual({ member: "bob", loss: "1 changed file." });
    await workspaces.discard("bob", true);
    expect(discard.mock.calls).toEqual([["bob", false], ["bob", true]]);
    expect(workspaces.store.getState().stake).toBeNull();
    expect(say).toHaveBeenCalledWith("The workspace of bob is gone.");
  });
});

it("keeps what the browser remembers of two workspaces apart", () => {
  expect(placeOf("p", "")).toBe("p");
  expect(placeOf("p", "bob")).not.toBe("p");
});
