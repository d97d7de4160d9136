import { describe, expect, it, vi } from "vitest";
import { Problem } from "../../src/shared/api";
import type { SecretsApi } from "../../src/secrets/api";
import { entriesOf } from "../../src/secrets/dotenv";
import { Secrets } from "../../src/secrets/Secrets";

describe("lines of a .env file", () => {
  it.each([
    ["API_KEY=k-1", [{ name: "API_KEY", value: "k-1" }]],
    ["# both\nexport A = 'x # y'  # note\n\nB=\"two\\nlines\"", [{ name: "A", value: "x # y" }, { name: "B", value: "two\nlines" }]],
    ["URL=postgres://u:p@db/x?a=b # here", [{ name: "URL", value: "postgres://u:p@db/x?a=b" }]],
    ["A=1\nA=2\n", [{ name: "A", value: "2" }]],
    ["EMPTY=", [{ name: "EMPTY", value: "" }]],
    ["a word", []],
    ["A=1\nnot a line", []],
    ["", []],
  ])("%j", (text, entries) => {
    expect(entriesOf(text)).toEqual(entries);
  });
});

function world(set: SecretsApi["set"]) {
  const api = { list: vi.fn(() => Promise.resolve([])), set, remove: vi.fn() };
  const say = vi.fn();
  return { api, say, secrets: new Secrets(api as unknown as SecretsApi, say) };
}

describe("setting several", () => {
  it("says how many once all are", async () => {
    const set = vi.fn(() => Promise.resolve({} as never));
    const { secrets, say } = world(set);
    await secrets.set([{ name: "A", value: "1" }, { name: "B", value: "2" }]);
    expect(set).toHaveBeenCalledTimes(2);
    expect(say).toHaveBeenCalledWith("2 secrets are set.");
  });

  it("stops at what is refused, throws it, and shows what was set before it", async () => {
    const refused = new Problem(422, "about:blank", "No", "PATH is set by Firefly itself.");
    const set = vi.fn().mockResolvedValueOnce({}).mockRejectedValueOnce(refused);
    const { secrets, say, api } = world(set);
    await expect(secrets.set([{ name: "A", value: "1" }, { name: "PATH", value: "2" }, { name: "C", value: "3" }])).rejects.toBe(refused);
    expect(set).toHaveBeenCalledTimes(2);
    expect(api.list).toHaveBeenCalled();
    expect(say).not.toHaveBeenCalled();
  });
});
