import { beforeEach, expect, test } from "vitest";
import { RpcClient } from "../../src/bridge/rpc";
import { PendingWrites } from "../../src/bridge/writes";
import { FakeSocket, turn } from "../support/sockets";

let socket: FakeSocket;
let rpc: RpcClient;
let writes: PendingWrites;

function connect(): void {
  socket = new FakeSocket();
  socket.onmessage = (event) => rpc.receive(event.data as string);
  rpc.attach(socket);
}

beforeEach(() => {
  rpc = new RpcClient();
  writes = new PendingWrites(rpc);
  connect();
});

test("a save is sent with the version that it began from", async () => {
  const saved = writes.save("a.txt", "new", "v1");
  expect(socket.last("files.write").params).toEqual({ path: "a.txt", text: "new", version: "v1" });
  socket.answer("files.write", { version: "v2", size: 3 });
  expect(await saved).toEqual({ kind: "saved", version: "v2", text: "new" });
  expect(writes.paths).toEqual([]);
});

test("a save whose connection is cut is sent again and settles then", async () => {
  const saved = writes.save("a.txt", "new", "v1");
  rpc.detach();
  await turn();
  expect(writes.paths).toEqual(["a.txt"]);
  connect();
  writes.resend();
  socket.answer("files.write", { version: "v2", size: 3 });
  expect(await saved).toMatchObject({ kind: "saved", version: "v2" });
});

test("a write that had arrived, but whose answer was lost, is no conflict", async () => {
  const saved = writes.save("a.txt", "new", "v1");
  rpc.detach();
  await turn();
  connect();
  writes.resend();
  socket.refuse("files.write", { code: -32010, message: "Changed.", data: { version: "v2", text: "new" } });
  expect(await saved).toEqual({ kind: "saved", version: "v2", text: "new" });
});

test("somebody else's text is a conflict, and told", async () => {
  const saved = writes.save("a.txt", "mine", "v1");
  socket.refuse("files.write", { code: -32010, message: "Changed.", data: { version: "v9", text: "theirs" } });
  expect(await saved).toEqual({ kind: "conflict", version: "v9", text: "theirs" });
});

test("a conflict that does not tell the text is read", async () => {
  const saved = writes.save("a.txt", "mine", "v1");
  socket.refuse("files.write", { code: -32010, message: "Changed.", data: { version: "v9" } });
  await turn();
  socket.answer("files.read", { path: "a.txt", text: "theirs", version: "v9" });
  expect(await saved).toEqual({ kind: "conflict", version: "v9", text: "theirs" });
});

test("while away, the newest text of a file takes the place of the older", async () => {
  rpc.detach();
  const first = writes.save("a.txt", "one", "v1");
  await turn();
  const second = writes.save("a.txt", "two", "v1");
  await turn();
  connect();
  writes.resend();
  expect(socket.requests).toHaveLength(1);
  expect(socket.last("files.write").params).toMatchObject({ text: "two", version: "v1" });
  socket.answer("files.write", { version: "v2", size: 3 });
  expect(await first).toMatchObject({ version: "v2", text: "two" });
  expect(await second).toMatchObject({ version: "v2", text: "two" });
});

test("a save during a save waits for its version", async () => {
  const first = writes.save("a.txt", "one", "v1");
  const second = writes.save("a.txt", "two", "v1");
  expect(socket.requests).toHaveLength(1);
  socket.answer("files.write", { version: "v2", size: 3 });
  await turn();
  expect(socket.last("files.write").params).toMatchObject({ text: "two", version: "v2" });
  socket.answer("files.write", { version: "v3", size: 3 });
  expect(await first).toMatchObject({ version: "v2" });
  expect(await second).toMatchObject({ version: "v3" });
});

test("a full disk is told and not tried for ever", async () => {
  const saved = writes.save("a.txt", "new", "v1");
  socket.refuse("files.write", { code: -32015, message: "The disk is full." });
  expect(await saved).toMatchObject({ kind: "failed", error: { message: "The disk is full." } });
  expect(writes.paths).toEqual([]);
});

test("a waiting save follows its file to a new name", async () => {
  rpc.detach();
  void writes.save("a.txt", "new", "v1");
  await turn();
  writes.rename("a.txt", "b.txt");
  connect();
  writes.resend();
  expect(socket.last("files.write").params).toMatchObject({ path: "b.txt", version: "v1" });
});
