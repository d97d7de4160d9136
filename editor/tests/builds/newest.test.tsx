import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tellBuilds } from "../../src/builds/heard";
import NewestBuild from "../../src/builds/NewestBuild";
import type { Build } from "../../src/builds/types";
import { build } from "./samples";

const project = { id: "p1", owner: "ada", name: "site", branch: "main" };
let builds: Build[] = [];

beforeEach(() => {
  const answer = () => Promise.resolve(new Response(JSON.stringify({ builds, cursor: null })));
  vi.stubGlobal("fetch", vi.fn(answer));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("shows nothing before the first build, then how it stands, and the way to its site", async () => {
  builds = [];
  const { container } = render(<NewestBuild project={project} mayBuild />);
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledWith("/api/v1/projects/ada/site/builds?limit=1", expect.anything()));
  expect(container.childElementCount).toBe(0);
  builds = [build()];
  tellBuilds("build.changed", { project_id: "another", build_id: "b1" });
  tellBuilds("build.changed", { project_id: "p1", build_id: "b12" });
  await screen.findByRole("button", { name: "Build 12 of main: Building" });
  expect(fetch).toHaveBeenCalledTimes(2);
  const site = { state: "live", reason: "", url: "http://main--site--ada.preview.localhost", urls: [], is_pages: false, sandbox_state: "running", stops_at: null } as const;
  builds = [build({ state: "succeeded", site: { ...site, urls: [] } })];
  tellBuilds("missed");
  await userEvent.setup().click(await screen.findByRole("button", { name: "Build 12 of main: Succeeded" }));
  const links = screen.getAllByRole("menuitem").map((item) => item.getAttribute("href"));
  expect(links).toEqual([site.url, "/app/ada/site/builds/12", "/app/ada/site/branches", null]);
});
