import { expect, test, vi } from "vitest";
import { SiteOutput } from "../../src/builds/build/SiteOutput";
import { HooksApi } from "../../src/builds/hooks/api";
import { Hooks } from "../../src/builds/hooks/Hooks";
import type { Hook } from "../../src/builds/hooks/types";
import { refused } from "../sharing/samples";
import { Answers, line } from "./samples";

const hook: Hook = { id: "h1", flavour: "slack", host: "chat.example", events: ["ended"], active: true, reason: "", by: "ada", created_at: "2026-11-20T10:00:00Z" };

test("hooks are switched and removed at once, and stand as they were when that is refused", async () => {
  const server = new Answers(() => ({ items: [hook], next: null }));
  const say = vi.fn<(text: string, options?: { kind?: "done" | "problem" }) => number>();
  const hooks = new Hooks(new HooksApi({ owner: "ada", name: "site" }, server), say);
  await hooks.load();
  const switching = hooks.setActive(hook, false);
  expect(hooks.value?.[0]?.active).toBe(false);
  await switching;
  server.refusal = refused;
  await hooks.remove(hook);
  expect(hooks.value).toHaveLength(1);
  expect(say.mock.calls).toEqual([["Ask an owner.", { kind: "problem" }]]);
  server.refusal = null;
  await hooks.remove(hook);
  expect([hooks.value, server.calls.slice(1)]).toEqual([[], ["PATCH /hooks/h1", "DELETE /hooks/h1", "DELETE /hooks/h1"]]);
});

test("what a site prints is shown once, also after a reconnection", () => {
  const source = Object.assign(new EventTarget(), { onopen: () => undefined, onerror: () => undefined, close: vi.fn() });
  const output = new SiteOutput("b12", (address) => {
    expect(address).toBe("/api/v1/builds/b12/site-log");
    return source as unknown as EventSource;
  });
  const close = output.open();
  for (const lines of [[line(1, "one")], [line(1, "one"), line(2, "two")]]) source.dispatchEvent(new MessageEvent("lines", { data: JSON.stringify(lines) }));
  expect(output.store.getState().lines.map(({ text }) => text)).toEqual(["one", "two"]);
  close();
  expect(source.close).toHaveBeenCalledOnce();
});
