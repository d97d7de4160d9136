import { beforeEach, expect, test, vi } from "vitest";
import { Disconnected, RpcError } from "../../src/bridge/errors";
import { RpcClient } from "../../src/bridge/rpc";

let sent: string[];
let rpc: RpcClient;

beforeEach(() => {
  sent = [];
  rpc = new RpcClient();
  rpc.attach({ send: (text) => sent.push(text) });
});

test("a call names method and parameters, and gets its own answer", async () => {
  const first = rpc.call("files.read", { path: "a" });
  const second = rpc.call("files.read", { path: "b" });
  expect(JSON.parse(sent[0] ?? "")).toEqual({ jsonrpc: "2.0", id: 1, method: "files.read", params: { path: "a" } });
  rpc.receive('{"jsonrpc":"2.0","id":2,"result":{"text":"B"}}');
  rpc.receive('{"jsonrpc":"2.0","id":1,"result":{"text":"A"}}');
  expect((await first).text).toBe("A");
  expect((await second).text).toBe("B");
});

test("an error keeps its code, sentence and data", async () => {
  const call = rpc.call("files.read", { path: "a" });
  rpc.receive('{"jsonrpc":"2.0","id":1,"error":{"code":-32011,"message":"There is no a.","data":{"path":"a"}}}');
  await expect(call).rejects.toMatchObject({ code: -32011, message: "There is no a.", data: { path: "a" } });
  await expect(call).rejects.toBeInstanceOf(RpcError);
});

test("a lost connection ends every call that waits, and later ones at once", async () => {
  const call = rpc.call("files.index", {});
  rpc.detach();
  await expect(call).rejects.toBeInstanceOf(Disconnected);
  await expect(rpc.call("files.index", {})).rejects.toBeInstanceOf(Disconnected);
});

test("notifications reach those who listen, until they stop", () => {
  const heard = vi.fn();
  const stop = rpc.on("terminal.exited", heard);
  rpc.receive('{"jsonrpc":"2.0","method":"terminal.exited","params":{"id":"t","code":0}}');
  stop();
  rpc.receive('{"jsonrpc":"2.0","method":"terminal.exited","params":{"id":"t","code":1}}');
  expect(heard.mock.calls).toEqual([[{ id: "t", code: 0 }]]);
});

test.each(["", "{", "[]", "null", '{"id":1}', '{"jsonrpc":"2.0","id":99,"result":1}', '{"jsonrpc":"2.0"}'])(
  "%j is dropped without harm",
  async (text) => {
    const call = rpc.call("files.read", { path: "a" });
    rpc.receive(text);
    rpc.receive('{"jsonrpc":"2.0","id":1,"result":{"text":"A"}}');
    expect((await call).text).toBe("A");
  },
);

test("silence is told, so that a dead connection is found", () => {
  vi.useFakeTimers();
  const onSilence = vi.fn();
  const impatient = new RpcClient({ patience: 1000, onSilence });
  impatient.attach({ send: () => undefined });
  void impatient.call("files.index", {}).catch(() => undefined);
  vi.advanceTimersByTime(999);
  expect(onSilence).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onSilence).toHaveBeenCalledOnce();
  vi.useRealTimers();
});
