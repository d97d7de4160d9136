import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../../src/shared/api";
import { Reach } from "../../src/shared/api/reach";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const ask = vi.fn<() => Promise<unknown>>();
  const reach = new Reach(ask);
  const back = vi.fn();
  reach.onReturn(back);
  return { reach, ask, back, state: () => reach.store.getState().state };
}

test("a server that gives way to its successor is not said to be away, and what is shown is looked at again", async () => {
  const { reach, ask, back, state } = open();
  reach.found();
  expect(back).not.toHaveBeenCalled();
  reach.lost();
  await vi.advanceTimersByTimeAsync(1000);
  reach.found();
  await vi.runAllTimersAsync();
  expect([ask.mock.calls.length, back.mock.calls.length, state()]).toEqual([0, 1, "here"]);
});

test("one that does not answer is away until its stream opens, and is asked as often as that breaks", async () => {
  const { reach, ask, back, state } = open();
  ask.mockRejectedValue(Problem.offline());
  for (const times of [1, 2]) {
    reach.lost();
    reach.lost();
    await vi.runAllTimersAsync();
    expect([ask.mock.calls.length, state()]).toEqual([times, "away"]);
  }
  reach.found();
  expect([back.mock.calls.length, state()]).toEqual([1, "here"]);
});

test("whoever is signed out is told so, and one that answers others is not away", async () => {
  const { reach, ask, state } = open();
  ask.mockResolvedValueOnce(null);
  reach.lost();
  await vi.runAllTimersAsync();
  expect(state()).toBe("here");
  ask.mockRejectedValueOnce(new Problem(401, "", "", ""));
  reach.lost();
  await vi.runAllTimersAsync();
  expect(state()).toBe("signed out");
});

test("who waits for an answer has it at once, or when the server is back", async () => {
  const { reach, ask } = open();
  const answered = vi.fn();
  ask.mockResolvedValueOnce({});
  await reach.answering().then(answered);
  expect(answered).toHaveBeenCalledTimes(1);
  ask.mockRejectedValue(Problem.offline());
  reach.lost();
  void reach.answering().then(answered);
  await vi.runAllTimersAsync();
  expect(answered).toHaveBeenCalledTimes(1);
  reach.found();
  await vi.runAllTimersAsync();
  expect(answered).toHaveBeenCalledTimes(2);
});
