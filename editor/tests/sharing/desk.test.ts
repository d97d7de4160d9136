import { beforeEach, describe, expect, test } from "vitest";
import { useToasts } from "../../src/shared/components/toasts";
import { AccessApi } from "../../src/sharing/api";
import { answer, forgetCode, hear, learn, of, putOff, sayHours, shownOf, useDesk } from "../../src/sharing/desk";
import { Answers, gone, nothing, refused, waiting } from "./samples";

const told = (): string[] => useToasts.getState().shown.map(({ text }) => text);
const ids = (): string[] => useDesk.getState().waiting.map(({ request }) => request.id);
const answered = (id: string, state: string): void => hear("access.answered", { request_id: id, state });

beforeEach(() => {
  useDesk.setState({ waiting: [], later: new Set(), codes: {} });
  useToasts.setState({ shown: [] });
});

function apiFor(reply: unknown): { api: AccessApi; server: Answers } {
  const server = new Answers(nothing, reply);
  return { api: new AccessApi({ owner: "ada", name: "site" }, server), server };
}

describe("somebody who asks", () => {
  test("waits once, however often it is told", () => {
    hear("access.requested", { ...waiting("a1") });
    hear("access.requested", { ...waiting("a1") });
    expect(ids()).toEqual(["a1"]);
  });

  test("goes with a word when somebody else answers", () => {
    hear("access.requested", { ...waiting("a2") });
    answered("a2", "denied");
    expect([ids(), told()]).toEqual([[], ["Sam a2 was denied already."]]);
    answered("unknown", "allowed");
    expect(told()).toHaveLength(1);
  });

  test("is counted, but not shown, when put off", () => {
    hear("access.requested", { ...waiting("a3") });
    hear("access.requested", { ...waiting("a4", "two") });
    putOff(of(useDesk.getState().waiting, "one"));
    expect(shownOf(useDesk.getState()).map(({ request }) => request.id)).toEqual(["a4"]);
    expect(of(useDesk.getState().waiting, "one")).toHaveLength(1);
  });

  test("is known from the project's own page, too", () => {
    hear("access.requested", { ...waiting("a5") });
    hear("access.requested", { ...waiting("a6", "two") });
    learn({ id: "one", owner: "ada", name: "one" }, [waiting("a7").request]);
    expect(ids()).toEqual(["a6", "a7"]);
  });
});

describe("an answer", () => {
  test("is gone at once, and its event is no news", async () => {
    const one = waiting("b1");
    hear("access.requested", { ...one });
    const { api, server } = apiFor({ code: null });
    const done = answer(one, { answer: "allow", hours: 24 }, api);
    expect(ids()).toEqual([]);
    await done;
    answered("b1", "allowed");
    learn({ id: "one", owner: "ada", name: "one" }, [one.request]);
    expect(ids()).toEqual([]);
    expect(told()).toEqual(["Sam b1 can see the preview for a day."]);
    expect(server.bodies).toEqual([{ answer: "allow", hours: 24 }]);
  });

  test("with a code is kept until it was read out", async () => {
    await answer(waiting("b2"), { answer: "code" }, apiFor({ code: "K7QM-2XRD" }).api);
    expect(useDesk.getState().codes).toEqual({ b2: { name: "Sam b2", code: "K7QM-2XRD" } });
    forgetCode("b2");
    expect(useDesk.getState().codes).toEqual({});
  });

  test("that does not reach the server leaves the request", async () => {
    const { api, server } = apiFor(undefined);
    server.refusal = refused;
    await answer(waiting("b3"), { answer: "deny" }, api);
    expect([ids(), told()]).toEqual([["b3"], ["Ask an owner."]]);
  });

  test("that comes too late does not bring it back", async () => {
    const { api, server } = apiFor(undefined);
    server.refusal = gone;
    await answer(waiting("b4"), { answer: "deny" }, api);
    expect([ids(), told()]).toEqual([[], ["This request was answered already."]]);
  });
});

test("times are said as people do", () => {
  expect([1, 8, 24, 168].map(sayHours)).toEqual(["an hour", "8 hours", "a day", "a week"]);
});
