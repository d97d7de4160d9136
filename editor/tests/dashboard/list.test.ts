import { describe, expect, it } from "vitest";
import type { Step } from "../../src/shared/api";
import { jobEnded, jobOf, matching, mayManage, newestFirst, runningStep, withSandbox } from "../../src/dashboard/list";
import { job, project } from "./samples";

const names = (found: { name: string }[]) => found.map(({ name }) => name);

describe("the search", () => {
  const all = [project("poetry", { description: "Verses read aloud" }), project("engine", { owner: "grace" }), project("notes")];

  it.each([
    ["", ["poetry", "engine", "notes"]],
    ["  ", ["poetry", "engine", "notes"]],
    ["POET", ["poetry"]],
    ["aloud verses", ["poetry"]],
    ["grace/", ["engine"]],
    ["grace notes", []],
  ])("for %j finds %j", (query, found) => {
    expect(names(matching(all, query))).toEqual(found);
  });
});

describe("the order", () => {
  it("begins with the newest change and leaves the given list alone", () => {
    const at = (name: string, time: string) => project(name, { last_change: { what: "x", who: null, at: time } });
    const given = [at("old", "2026-01-01T00:00:00Z"), at("new", "2026-03-01T00:00:00Z")];
    expect(names(newestFirst(given))).toEqual(["new", "old"]);
    expect(names(given)).toEqual(["old", "new"]);
  });
});

describe("events", () => {
  it("change the state of one sandbox", () => {
    const event = { kind: "sandbox.changed", id: "1", data: { project_id: "id-b", state: "frozen", reason: "Nothing happened in it for 10 min.", freezes_at: null, stops_at: null } };
    expect(withSandbox([project("a"), project("b")], event)?.map(({ sandbox }) => sandbox)).toEqual(["stopped", "frozen"]);
  });

  it("about projects that are not shown change nothing", () => {
    const event = { kind: "sandbox.changed", id: "1", data: { project_id: "other", state: "running" } };
    expect(withSandbox([project("a")], event)).toBeNull();
  });

  it("carry the whole job, and keep when it began", () => {
    const data = { job_id: "j1", project_id: "id-site", kind: "import", state: "failed", steps: [], error: "No such repository." };
    const found = jobOf({ kind: "job.changed", id: "1", data }, job());
    expect(found).toMatchObject({ id: "j1", state: "failed", error: "No such repository.", created_at: job().created_at });
    expect(found.finished_at).not.toBeNull();
  });
});

describe("a job", () => {
  const step = (name: string, state: Step["state"]): Step => ({ name, state, started: null, finished: null, detail: "", percent: null });

  it("shows the step that runs, else the one that is next", () => {
    const steps = [step("Find", "succeeded"), step("Receive", "running"), step("Fill", "queued")];
    expect(runningStep(job({ steps }))?.name).toBe("Receive");
    expect(runningStep(job({ steps: [step("Find", "queued")] }))?.name).toBe("Find");
    expect(runningStep(job({ steps: [step("Find", "succeeded")] }))).toBeUndefined();
  });

  it.each([
    ["queued", false],
    ["running", false],
    ["succeeded", true],
    ["failed", true],
    ["cancelled", true],
  ] as const)("that is %s has ended: %s", (state, ended) => {
    expect(jobEnded(state)).toBe(ended);
  });
});

describe("roles", () => {
  it("owners and maintainers manage a project, others do not", () => {
    const roles = ["owner", "maintainer", "editor", "viewer", null] as const;
    expect(roles.map((role) => mayManage(project("a", { role })))).toEqual([true, true, false, false, false]);
  });
});
