import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backOff, Connection, type Phase, type Probe } from "../../src/bridge/connection";
import { FakeSocket, turn } from "../support/sockets";

let sockets: FakeSocket[];
let phases: Phase[];
let probe: Probe;
let connection: Connection;

const latest = (): FakeSocket => sockets.at(-1) ?? new FakeSocket();

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  phases = [];
  probe = { kind: "reachable" };
  connection = new Connection({
    dial: () => {
      sockets.push(new FakeSocket());
      return latest();
    },
    probe: () => Promise.resolve(probe),
    onPhase: (phase) => phases.push(phase),
    onText: () => undefined,
    onBinary: () => undefined,
    random: () => 0.5,
    now: () => 0,
  });
  connection.connect();
});

afterEach(() => {
  connection.close();
  vi.useRealTimers();
});

async function drop(): Promise<void> {
  latest().cut();
  await turn();
}

test("it opens, and says so", () => {
  latest().open();
  expect(phases.map((phase) => phase.name)).toEqual(["connecting", "ready"]);
  expect(connection.send("x")).toBe(true);
  expect(latest().sent).toEqual(["x"]);
});

test("a dropped connection is dialled again after a growing wait", async () => {
  latest().open();
  await drop();
  expect(phases.at(-1)).toEqual({ name: "lost", attempt: 1, retryAt: 300 });
  vi.advanceTimersByTime(299);
  expect(sockets).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(sockets).toHaveLength(2);
  await drop();
  expect(phases.at(-1)).toEqual({ name: "lost", attempt: 2, retryAt: 600 });
  vi.advanceTimersByTime(600);
  latest().open();
  await drop();
  expect(phases.at(-1)).toEqual({ name: "lost", attempt: 1, retryAt: 300 });
});

test("waits double up to fifteen seconds and differ by a fifth", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 20].map((attempt) => backOff(attempt, () => 0.5))).toEqual([300, 600, 1200, 2400, 4800, 9600, 15000, 15000]);
  expect(backOff(1, () => 0)).toBe(240);
  expect(backOff(1, () => 1)).toBe(360);
});

test("a sandbox that sleeps is not woken by a page that stays open", async () => {
  latest().open();
  probe = { kind: "asleep", reason: "Nobody used it for an hour." };
  await drop();
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
  expect(phases.at(-1)).toEqual({ name: "asleep", reason: "Nobody used it for an hour." });
  connection.connect();
  expect(sockets).toHaveLength(2);
});

test("the first visit wakes it, however long that takes", async () => {
  probe = { kind: "asleep", reason: "It was stopped." };
  await drop();
  vi.advanceTimersByTime(300);
  expect(sockets).toHaveLength(2);
});

test("who is refused is not dialled for again", async () => {
  probe = { kind: "refused", reason: "You are signed out." };
  await drop();
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
  expect(phases.at(-1)).toEqual({ name: "refused", reason: "You are signed out." });
});

test("a server that is away is waited for", async () => {
  latest().open();
  probe = { kind: "away" };
  await drop();
  vi.advanceTimersByTime(300);
  expect(sockets).toHaveLength(2);
});

test("hurrying ends a wait, once", async () => {
  latest().open();
  await drop();
  connection.hurry();
  connection.hurry();
  expect(sockets).toHaveLength(2);
  vi.advanceTimersByTime(5000);
  expect(sockets).toHaveLength(2);
});

test("a silent connection is given up and dialled anew", async () => {
  latest().open();
  connection.abandon();
  await turn();
  expect(connection.send("x")).toBe(false);
  vi.advanceTimersByTime(300);
  expect(sockets).toHaveLength(2);
});
