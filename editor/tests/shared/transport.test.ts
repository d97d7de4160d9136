import { describe, expect, it, vi } from "vitest";
import { Api, asProblem, HttpTransport, type Problem } from "../../src/shared/api";
import { addressOf, pathOf } from "../../src/shared/api/transport";

const answer = (status: number, body: unknown): Response =>
  new Response(body === undefined ? null : JSON.stringify(body), { status });

function transportThat(...answers: (Response | Error)[]) {
  const fetcher = vi.fn<typeof fetch>(() => {
    const next = answers.shift();
    return next instanceof Response ? Promise.resolve(next) : Promise.reject(next ?? new Error("no answer left"));
  });
  return { fetcher, transport: new HttpTransport(fetcher) };
}

describe("addresses", () => {
  it("escape what comes from outside and leave out what is not given", () => {
    expect(addressOf(pathOf("projects", "a/b", "c d"), { cursor: undefined, deleted: true })).toBe(
      "/api/v1/projects/a%2Fb/c%20d?deleted=true",
    );
  });
});

describe("a request", () => {
  it("sends JSON with the session of this page and returns the answer", async () => {
    const { fetcher, transport } = transportThat(answer(201, { id: "1" }));
    expect(await transport.request("POST", "/projects", { body: { name: "x" } })).toEqual({ id: "1" });
    const [address, options] = fetcher.mock.calls[0] ?? [];
    expect(address).toBe("/api/v1/projects");
    expect(options).toMatchObject({ method: "POST", credentials: "same-origin", body: '{"name":"x"}' });
  });

  it("answers nothing for 204", async () => {
    const { transport } = transportThat(new Response(null, { status: 204 }));
    expect(await transport.request("DELETE", "/tokens/1")).toBeUndefined();
  });

  it("throws the server's problem with its sentence, field and request id", async () => {
    const document = { type: "urn:firefly:name-taken", title: "The name is taken", detail: "Choose another.", field: "name", request_id: "r1" };
    const { transport } = transportThat(answer(409, document));
    const problem = await transport.request("POST", "/projects", { body: {} }).catch(asProblem);
    expect(problem).toMatchObject({ status: 409, type: "urn:firefly:name-taken", detail: "Choose another.", field: "name" });
    expect((problem as Problem).forCopying).toContain("request r1");
  });

  it("makes a sentence of an answer that is no problem document", async () => {
    const { transport } = transportThat(new Response("<h1>Bad gateway</h1>", { status: 502 }));
    const problem = await transport.request("GET", "/me").catch(asProblem);
    expect(problem).toMatchObject({ status: 502, type: "urn:firefly:http" });
  });

  it("says that the server does not answer when the line is cut", async () => {
    const { transport } = transportThat(new TypeError("Failed to fetch"));
    const problem = (await transport.request("GET", "/me").catch(asProblem)) as Problem;
    expect([problem.isOffline, problem.isPassing]).toEqual([true, true]);
  });

  it("passes on that it was cancelled", async () => {
    const controller = new AbortController();
    controller.abort();
    const { transport } = transportThat(new DOMException("cancelled", "AbortError"));
    await expect(transport.request("GET", "/me", { signal: controller.signal })).rejects.toThrow("cancelled");
  });
});

class FakeRequest {
  upload: { onprogress?: (event: object) => void } = {};
  status = 0;
  responseText = "";
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  onloadend?: () => void;
  open = vi.fn();
  setRequestHeader = vi.fn();
  send = vi.fn();
  abort = vi.fn(() => this.onabort?.());
}

describe("an upload", () => {
  const begin = () => {
    const request = new FakeRequest();
    const controller = new AbortController();
    const shares: number[] = [];
    const transport = new HttpTransport(fetch, () => request as unknown as XMLHttpRequest);
    const file = new File(["x"], "site.zip");
    const done = new Api(transport).uploadProject(
      { name: "site" },
      file,
      { signal: controller.signal, progress: (share) => shares.push(share) },
    );
    return { request, controller, shares, done };
  };

  it("names the file, tells its progress and returns the project", async () => {
    const { request, shares, done } = begin();
    expect(request.open).toHaveBeenCalledWith("POST", "/api/v1/projects?name=site&filename=site.zip");
    request.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 });
    Object.assign(request, { status: 202, responseText: '{"name":"site"}' });
    request.onload?.();
    expect(await done).toEqual({ name: "site" });
    expect(shares).toEqual([0.25]);
  });

  it("ends when it is cancelled", async () => {
    const { request, controller, done } = begin();
    controller.abort();
    await expect(done).rejects.toMatchObject({ name: "AbortError" });
    expect(request.abort).toHaveBeenCalledOnce();
  });

  it("throws the problem of an archive that is refused", async () => {
    const { request, done } = begin();
    Object.assign(request, { status: 413, responseText: '{"detail":"Too large."}' });
    request.onload?.();
    await expect(done).rejects.toMatchObject({ status: 413, detail: "Too large." });
  });
});

describe("all projects", () => {
  it("are gathered over the pages", async () => {
    const { fetcher, transport } = transportThat(
      answer(200, { items: [{ id: "1" }], next: "c1" }),
      answer(200, { items: [{ id: "2" }], next: null }),
    );
    const { items } = await new Api(transport).allProjects();
    expect(items.map(({ id }) => id)).toEqual(["1", "2"]);
    expect(fetcher.mock.calls.map(([address]) => address)).toEqual([
      "/api/v1/projects?deleted=false&limit=200",
      "/api/v1/projects?deleted=false&limit=200&cursor=c1",
    ]);
  });

  it("end at the most that were asked for", async () => {
    const { fetcher, transport } = transportThat(answer(200, { items: [{ id: "1" }], next: "c1" }));
    const page = await new Api(transport).allProjects({ most: 1 });
    expect([page.next, fetcher.mock.calls.length]).toEqual(["c1", 1]);
  });
});
