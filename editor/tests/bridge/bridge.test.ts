import { beforeEach, expect, test, vi } from "vitest";
import { Bridge } from "../../src/bridge";
import { FakeSocket, turn } from "../support/sockets";

const hello = { protocol: 1, workspace_id: "w", project: null, role: "owner", limits: { file: 1, message: 1 }, features: [] };

let socket: FakeSocket;
let bridge: Bridge;
let asked: Promise<unknown>;

beforeEach(() => {
  socket = new FakeSocket();
  bridge = new Bridge({
    dial: () => socket,
    probe: () => Promise.resolve({ kind: "away" }),
    onOpen: () => {
      asked = bridge.ahead("files.read", { path: "a" });
    },
  });
  bridge.connect();
});

function listener(): { onPhase: ReturnType<typeof vi.fn>; onReady: ReturnType<typeof vi.fn>; onPending: ReturnType<typeof vi.fn> } {
  return { onPhase: vi.fn(), onReady: vi.fn(), onPending: vi.fn() };
}

function reads(): number {
  return socket.requests.filter(({ method }) => method === "files.read").length;
}

test("who attends late hears how things stand", async () => {
  socket.open();
  socket.answer("bridge.hello", hello);
  await turn();
  const late = listener();
  bridge.attend(late);
  expect(late.onPhase).toHaveBeenCalledExactlyOnceWith({ name: "ready" });
  expect(late.onReady).toHaveBeenCalledExactlyOnceWith(hello);
});

test("who attends early hears it when it happens, and once", async () => {
  const early = listener();
  bridge.attend(early);
  expect(early.onReady).not.toHaveBeenCalled();
  socket.open();
  socket.answer("bridge.hello", hello);
  await turn();
  expect(early.onReady).toHaveBeenCalledExactlyOnceWith(hello);
});

test("what was asked ahead is sent without waiting for the greeting, and answers one call", async () => {
  socket.open();
  expect(socket.requests.map(({ method }) => method)).toEqual(["bridge.hello", "files.read"]);
  const call = bridge.call("files.read", { path: "a" });
  expect(reads()).toBe(1);
  socket.answer("files.read", { text: "A" });
  expect(await call).toEqual(await asked);
  void bridge.call("files.read", { path: "a" });
  void bridge.call("files.read", { path: "b" });
  expect(reads()).toBe(3);
});

test("an answer that nobody has called for in time is not used", () => {
  socket.open();
  bridge.forgetAhead();
  void bridge.call("files.read", { path: "a" });
  expect(reads()).toBe(2);
});

test("what was asked ahead goes with its connection", async () => {
  socket.open();
  socket.cut();
  await expect(asked).rejects.toThrow("The connection was lost");
  await expect(bridge.call("files.read", { path: "a" })).rejects.toThrow("The connection was lost");
  expect(reads()).toBe(1);
});
