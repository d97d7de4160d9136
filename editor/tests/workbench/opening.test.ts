import { beforeEach, expect, test, vi } from "vitest";
import type { Project } from "../../src/shared/api";
import { firstFile, Opening } from "../../src/workbench/opening";
import { FakeSocket } from "../support/sockets";

const project = { id: "p1", owner: "ada", name: "site" } as Project;

let socket: FakeSocket;

beforeEach(() => {
  localStorage.clear();
  socket = new FakeSocket();
  vi.stubGlobal("indexedDB", { open: () => ({}) });
  vi.stubGlobal("WebSocket", function dial() {
    return socket;
  });
});

function opened(): Opening {
  const opening = new Opening(project);
  opening.begin();
  socket.open();
  return opening;
}

function readings(): unknown[] {
  return socket.requests.filter(({ method }) => method === "files.read").map(({ params }) => params.path);
}

function answer(path: string, exists: boolean): void {
  const { id } = socket.requests.find(({ params }) => params.path === path) ?? { id: 0 };
  const outcome = exists ? { result: { path, text: "" } } : { error: { code: -32011, message: "There is none." } };
  socket.receive(JSON.stringify({ jsonrpc: "2.0", id, ...outcome }));
}

test("a first visit asks for all that it may begin with and takes the earliest that is there", async () => {
  const opening = opened();
  const asked = readings() as string[];
  expect(asked.slice(0, 2)).toEqual(["main.py", "app.py"]);
  for (const path of asked) answer(path, path === "README.md" || path === "index.html");
  expect(await opening.first).toBe("index.html");
});

test("a project with none of them leaves it to the tree", async () => {
  const opening = opened();
  for (const path of readings()) answer(path as string, false);
  expect(await opening.first).toBeUndefined();
});

test("a later visit asks for the text and the folders that were open", async () => {
  const kept = { tabs: ["a.txt", "lib/b.txt"], active: "lib/b.txt", expanded: ["lib"] };
  localStorage.setItem("firefly.workbench.p1", JSON.stringify(kept));
  const opening = opened();
  expect(readings()).toEqual(["lib/b.txt"]);
  const folders = socket.requests.filter(({ method }) => method === "files.list").map(({ params }) => params.path);
  expect(folders).toEqual(["", "lib"]);
  answer("lib/b.txt", true);
  expect(await opening.first).toBe("lib/b.txt");
});

test("the tree names the same first file", () => {
  const entries = ["README.md", "index.html", "z.txt"].map((path) => ({ path, name: path, kind: "file" as const, size: 1, modified: "", ignored: false }));
  expect(firstFile(entries)).toBe("index.html");
  expect(firstFile(entries.slice(2))).toBeUndefined();
});
