import { beforeEach, expect, test, vi } from "vitest";
import { type Bridge, Code, MemoryDrafts, RpcError } from "../../src/bridge";
import { Documents } from "../../src/workbench/actions/documents";
import { Buffers } from "../../src/workbench/buffers";
import { Store } from "../../src/workbench/store";

const project = { id: "p", owner: "ada", name: "site", branch: "main", workspace: "", me: "", previewUrl: "http://x", dashboardUrl: "/", settingsUrl: "/s" };

let disk: Map<string, { text: string; version: string }>;
let store: Store;
let buffers: Buffers;
let drafts: MemoryDrafts;
let documents: Documents;
let save: ReturnType<typeof vi.fn<Bridge["save"]>>;

beforeEach(() => {
  disk = new Map([["a.txt", { text: "one\n", version: "v1" }]]);
  store = new Store(project, "editor");
  buffers = new Buffers(() => []);
  drafts = new MemoryDrafts();
  save = vi.fn<Bridge["save"]>((path, text) => {
    disk.set(path, { text, version: "v2" });
    return Promise.resolve({ kind: "saved", version: "v2", text });
  });
  const call = (_method: string, { path }: { path: string }): Promise<unknown> => {
    const file = disk.get(path);
    return file
      ? Promise.resolve({ path, ...file, encoding: "utf-8", size: file.text.length })
      : Promise.reject(new RpcError(Code.notFound, "There is no such file."));
  };
  documents = new Documents(store, { call, save, renamePending: vi.fn() } as unknown as Bridge, buffers, drafts);
});

async function open(path = "a.txt"): Promise<void> {
  documents.open(path);
  await vi.waitFor(() => expect(store.state.documents[path]?.state).toBe("ready"));
}

/** What typing does: the text differs from the disk's. */
function type(text: string, path = "a.txt"): void {
  const saved = disk.get(path)?.text ?? "";
  buffers.open(path, text, saved);
  documents.edited(path);
}

test("typing marks a file, saving unmarks it and forgets its draft", async () => {
  await open();
  type("two\n");
  expect(store.state.documents["a.txt"]?.dirty).toBe(true);
  await documents.save();
  expect(save).toHaveBeenCalledWith("a.txt", "two\n", "v1");
  expect(store.state.documents["a.txt"]).toMatchObject({ dirty: false, version: "v2", saving: false });
  expect(drafts.kept.size).toBe(0);
});

test("a clean file follows the disk, our own write is no news", async () => {
  await open();
  disk.set("a.txt", { text: "theirs\n", version: "v9" });
  await documents.changed([{ path: "a.txt", change: "modified", version: "v9" }]);
  expect(buffers.text("a.txt")).toBe("theirs\n");
  expect(store.state.documents["a.txt"]).toMatchObject({ version: "v9", dirty: false, conflict: null });
});

test("a changed file keeps its text and shows the conflict", async () => {
  await open();
  type("mine\n");
  disk.set("a.txt", { text: "theirs\n", version: "v9" });
  await documents.changed([{ path: "a.txt", change: "modified", version: "v9" }]);
  expect(buffers.text("a.txt")).toBe("mine\n");
  await documents.save();
  expect(save).not.toHaveBeenCalled();
  documents.keepMine("a.txt");
  expect(save).toHaveBeenCalledWith("a.txt", "mine\n", "v9");
});

test("a draft of an earlier visit is there again, over the newest text of the disk", async () => {
  await drafts.put({ path: "a.txt", text: "draft\n", version: "v1", wanted: false, at: 1 });
  await documents.restore([], null);
  expect(buffers.text("a.txt")).toBe("draft\n");
  expect(store.state).toMatchObject({ tabs: ["a.txt"], active: "a.txt" });
  expect(store.state.documents["a.txt"]).toMatchObject({ dirty: true, conflict: null });
  expect(save).not.toHaveBeenCalled();
});

test("a draft whose saving was wanted is saved, unless the disk has moved on", async () => {
  await drafts.put({ path: "a.txt", text: "draft\n", version: "v1", wanted: true, at: 1 });
  await documents.restore([], null);
  expect(disk.get("a.txt")?.text).toBe("draft\n");
  disk.set("b.txt", { text: "theirs\n", version: "v9" });
  await drafts.put({ path: "b.txt", text: "draft\n", version: "v1", wanted: true, at: 1 });
  await documents.restore([], null);
  expect(disk.get("b.txt")?.text).toBe("theirs\n");
  expect(store.state.documents["b.txt"]?.conflict).toMatchObject({ version: "v9", text: "theirs\n" });
});

test("a file that is gone closes when clean and asks when not", async () => {
  await open();
  type("mine\n");
  disk.delete("a.txt");
  await documents.changed([{ path: "a.txt", change: "deleted" }]);
  expect(store.state.documents["a.txt"]?.conflict).toMatchObject({ deleted: true });
  documents.keepMine("a.txt");
  expect(save).toHaveBeenCalledWith("a.txt", "mine\n", null);
});

test("closing an unsaved file asks first", async () => {
  await open();
  type("mine\n");
  documents.close("a.txt");
  expect(store.state.tabs).toEqual(["a.txt"]);
  store.state.notices[0]?.action?.run();
  expect(store.state.tabs).toEqual([]);
});

test("tabs and texts follow a moved folder", async () => {
  disk.set("src/a.txt", { text: "x", version: "v1" });
  await open("src/a.txt");
  type("y", "src/a.txt");
  documents.renamed("src", "lib");
  expect(store.state).toMatchObject({ tabs: ["lib/a.txt"], active: "lib/a.txt" });
  expect(buffers.text("lib/a.txt")).toBe("y");
  expect(drafts.kept.has("lib/a.txt")).toBe(true);
});

test("line ends of Windows stay as they are", () => {
  buffers.open("w.txt", "a\r\nb\r\n");
  expect(buffers.text("w.txt")).toBe("a\r\nb\r\n");
  expect(buffers.isDirty("w.txt")).toBe(false);
});
