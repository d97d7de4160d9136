import { describe, expect, test, vi } from "vitest";
import { BuildsApi } from "../../src/builds/api";
import { Branches } from "../../src/builds/Branches";
import { BuildList } from "../../src/builds/BuildList";
import { sayCount } from "../../src/builds/build/Changes";
import { OneBuild, withStep } from "../../src/builds/build/OneBuild";
import { fits } from "../../src/builds/BranchesPage";
import { branchOf, filterOf, queryOf } from "../../src/builds/filter";
import { sharesOf } from "../../src/builds/build/Steps";
import { byProject } from "../../src/builds/overview";
import { shownAt } from "../../src/builds/place";
import { Settings } from "../../src/builds/settings/Settings";
import type { BuildSettings } from "../../src/builds/types";
import { elapsed, sayPlace, saySite, sayTrigger } from "../../src/builds/words";
import { refused } from "../sharing/samples";
import { Answers, branch, build, step } from "./samples";

type Say = (text: string, options?: { kind?: "done" | "problem"; undo?: () => void }) => number;

function server(answer: (call: string) => unknown) {
  const answers = new Answers(answer);
  return { answers, api: new BuildsApi({ owner: "ada", name: "site" }, answers), say: vi.fn<Say>() };
}

describe("one build", () => {
  const open = async (change = {}) => {
    const made = server(() => build(change));
    const one = new OneBuild(made.api, 12, made.say);
    await one.load();
    return { ...made, one };
  };

  test("is asked for by its number at first, then by its id", async () => {
    const { answers, one } = await open();
    await one.load();
    expect(answers.calls).toEqual(["GET /builds/12", "GET /builds/b12"]);
  });

  test("a step that its stream tells is shown before the server is asked again", async () => {
    const { one } = await open({ steps: [step({ position: 2, name: "build" })] });
    one.heardStep(step({ position: 1 }));
    one.heardStep(step({ position: 2, name: "build", state: "succeeded" }));
    expect(one.value?.steps.map(({ position, state }) => [position, state])).toEqual([[1, "running"], [2, "succeeded"]]);
    expect(withStep([], step())).toHaveLength(1);
  });

  test("cancelling is undone by building it again, stopping a site by starting it", async () => {
    const { answers, one, say } = await open();
    await one.cancel();
    say.mock.calls[0]?.[1]?.undo?.();
    await one.stopSite();
    say.mock.calls[1]?.[1]?.undo?.();
    await vi.waitFor(() => expect(answers.calls.slice(1)).toEqual(["POST /builds/b12/cancel", "POST /builds/b12/retry", "POST /builds/b12/stop", "POST /builds/b12/start"]));
  });

  test("what is refused is told and changes nothing", async () => {
    const { answers, one, say } = await open();
    answers.refusal = refused;
    await one.kill();
    expect(say.mock.calls).toEqual([["Ask an owner.", { kind: "problem" }]]);
    expect(one.value?.state).toBe("running");
  });
});

describe("the list of builds", () => {
  const open = async () => {
    const made = server((call) => {
      if (call === "GET /builds/b11") return build({ id: "b11", number: 11, state: "failed" });
      if (call.includes("cursor=")) return { builds: [build({ id: "b10", number: 10 })], cursor: null };
      return { builds: [build(), build({ id: "b11", number: 11 })], cursor: "11" };
    });
    const list = new BuildList(made.api, "p1", { state: "running" });
    await list.load();
    return { ...made, list, numbers: () => list.store.getState().builds?.map(({ number }) => number) };
  };

  test("what is looked for comes in place of what is shown, which stays until then", async () => {
    const { answers, list, numbers } = await open();
    list.look({ search: "stars" });
    list.look({ search: "stars and" });
    expect(numbers()).toEqual([12, 11]);
    await vi.waitFor(() => expect(answers.calls.slice(1)).toEqual(["GET /builds?search=stars and"]));
  });

  test("goes on where its page ended", async () => {
    const { answers, list, numbers } = await open();
    await list.more();
    await list.more();
    expect(numbers()).toEqual([12, 11, 10]);
    expect(answers.calls).toEqual(["GET /builds?state=running", "GET /builds?state=running&cursor=11"]);
  });

  test("renews the row of a build that changed, and looks for one that it does not know", async () => {
    vi.useFakeTimers();
    const { answers, list } = await open();
    const heard = (buildId: string, projectId = "p1") => list.heard({ kind: "build.changed", buildId, projectId, data: {} });
    heard("b11");
    heard("b99", "another");
    await vi.runAllTimersAsync();
    expect(list.store.getState().builds?.map(({ state }) => state)).toEqual(["running", "failed"]);
    heard("b99");
    heard("b98");
    await vi.runAllTimersAsync();
    expect(answers.calls.slice(1)).toEqual(["GET /builds/b11", "GET /builds?state=running"]);
    vi.useRealTimers();
  });
});

test("a list that was on its way when a row was renewed is asked for again", async () => {
  const pages: ((state: "running" | "failed") => void)[] = [];
  const { answers, api } = server((call) => {
    if (call === "GET /builds/b12") return build({ state: "failed" });
    return new Promise((resolve) => pages.push((state) => resolve({ builds: [build({ state })], cursor: null })));
  });
  const list = new BuildList(api, "p1");
  const answer = async (at: number, state: "running" | "failed") => (await vi.waitFor(() => pages[at] ?? expect.fail("not asked yet")))(state);
  const states = () => list.store.getState().builds?.map(({ state }) => state);
  const first = list.load();
  await answer(0, "running");
  await first;
  const second = list.load();
  list.heard({ kind: "build.changed", buildId: "b12", projectId: "p1", data: {} });
  await vi.waitFor(() => expect(states()).toEqual(["failed"]));
  await answer(1, "running");
  await answer(2, "failed");
  await second;
  expect([states(), answers.calls.length]).toEqual([["failed"], 4]);
});

describe("branches", () => {
  test("a demo is shown at once, and taken back when it is refused", async () => {
    const { answers, api, say } = server(() => ({ branches: [branch()] }));
    const branches = new Branches(api, "p1", say);
    await branches.load();
    answers.refusal = refused;
    const change = branches.setDemo(branch(), true);
    expect(branches.value?.[0]?.is_demo).toBe(true);
    await change;
    expect(branches.value?.[0]?.is_demo).toBe(false);
    expect(answers.calls.at(-1)).toBe("PATCH /branches/main");
  });

  test("a look that is on its way while a demo is made does not take it back", async () => {
    let now = branch();
    const { api, say } = server((call) => (call.startsWith("GET") ? { branches: [now] } : (now = branch({ is_demo: true }))));
    const branches = new Branches(api, "p1", say);
    await branches.load();
    const look = branches.load();
    await Promise.all([branches.setDemo(branch(), true), look]);
    expect(branches.value?.[0]?.is_demo).toBe(true);
  });

  test("a branch is built although nothing changed, and that can be undone", async () => {
    const { answers, api, say } = server((call) => (call.startsWith("GET") ? { branches: [branch()] } : build()));
    const branches = new Branches(api, "p1", say);
    await branches.build(branch());
    expect(answers.bodies[0]).toEqual({ ref: "refs/heads/main", forced: true });
    say.mock.calls[0]?.[1]?.undo?.();
    await vi.waitFor(() => expect(answers.calls).toContain("POST /builds/b12/cancel"));
  });
});

test("settings are shown at once, undone by what they were, and stay when they are refused", async () => {
  const before = { policy: "all", held: false, held_reason: "" } as BuildSettings;
  let now = before;
  const { answers, api, say } = server(() => now);
  const settings = new Settings(api, say);
  await settings.load();
  now = { ...before, policy: "none" };
  await settings.change({ policy: "none" }, "Saved.");
  expect(settings.value?.policy).toBe("none");
  say.mock.calls[0]?.[1]?.undo?.();
  expect(settings.value?.policy).toBe("all");
  await vi.waitFor(() => expect(answers.bodies.at(-1)).toEqual({ policy: "all" }));
  answers.refusal = refused;
  await settings.change({ held: true }, "Held.");
  expect(settings.value?.held).toBe(false);
  await expect(settings.save({ patterns: ["("] })).rejects.toBe(refused);
});

describe("words", () => {
  test.each([
    [1, 0, "next in the queue"],
    [2, 1, "2nd in the queue, 1 of this project before it"],
    [11, 0, "11th in the queue"],
    [23, 0, "23rd in the queue"],
  ])("place %i is said", (position, ahead, said) => {
    expect(sayPlace({ position, ahead_of_project: ahead, queued_seconds: 1, held: false, reason: "" })).toBe(said);
  });

  test("who asked for it is said", () => {
    expect(sayTrigger({ trigger: "push", by: "ada" })).toBe("ada pushed");
    expect(sayTrigger({ trigger: "schedule", by: "ada" })).toBe("on schedule");
  });

  test("time goes on while it is built, and stands when it has ended", () => {
    const now = new Date("2026-11-20T10:00:11Z");
    expect(elapsed(build(), now)).toBe(10_000);
    expect(elapsed(build({ ended_at: "2026-11-20T10:00:04Z" }), now)).toBe(3_000);
    expect(elapsed(build({ started_at: null }), now)).toBeNull();
  });

  test("a site that sleeps is live", () => {
    const site = { state: "live", reason: "", url: "", urls: [], stops_at: null } as const;
    expect(saySite({ ...site, urls: [], is_pages: false, sandbox_state: "running" })).toBe("Live");
    expect(saySite({ ...site, urls: [], is_pages: false, sandbox_state: "stopped" })).toBe("Asleep, wakes when it is opened");
    expect(saySite({ ...site, urls: [], is_pages: true, sandbox_state: null })).toBe("Live");
  });
});

test("an address names the page, a filter the ref", () => {
  expect(shownAt("/app/ada/site/branches")).toEqual({ page: "branches", number: null });
  expect(shownAt("/app/ada/site/builds/12")).toEqual({ page: "builds", number: 12 });
  expect(shownAt("/app/ada/site/builds/settings")).toEqual({ page: "settings", number: null });
  expect(filterOf(queryOf({ ref: "refs/heads/a b", search: "stars &" }))).toEqual({ ref: "refs/heads/a b", state: undefined, search: "stars &" });
  expect([queryOf({ state: "failed" }), queryOf({ search: "" })]).toEqual(["?state=failed", ""]);
  expect([branchOf("refs/heads/a/b"), branchOf("refs/pull/7"), branchOf(undefined)]).toEqual(["a/b", "pr-7", ""]);
});

test("of the builds of a project the first on its way is shown", () => {
  const found = byProject([build(), build({ id: "b13", number: 13, state: "queued" }), build({ id: "x1", project: "bob/blog", number: 1 })]);
  expect(Object.entries(found).map(([project, { number }]) => [project, number])).toEqual([["ada/site", 12], ["bob/blog", 1]]);
});

test("a branch is found by its name, its pull request, its newest commit", () => {
  const request = { number: 7, title: "Turn the dome", url: "", state: "open" as const };
  const one = branch({ branch: "fix/motor", pull_request: request });
  expect(["", "MOTOR", "dome ", "stars", "1a2b3c"].filter((typed) => !fits(one, typed))).toEqual([]);
  expect(["2b3c", "planet"].filter((typed) => fits(one, typed))).toEqual([]);
});

test("how long steps took is shown beside the longest, and what came since it went well is counted", () => {
  const took = (seconds: number) => step({ started_at: "2026-11-20T10:00:00Z", ended_at: new Date(Date.UTC(2026, 10, 20, 10, 0, seconds)).toISOString() });
  expect(sharesOf([took(5), took(20), step()])).toEqual([0.25, 1, 0]);
  const commit = { commit: "a", subject: "Sow", author: "Ada", at: "2026-11-20T10:00:00Z" };
  expect([sayCount({ commits: [commit], more: false }), sayCount({ commits: [commit, commit], more: true })]).toEqual(["1 commit", "More than 2 commits"]);
});
