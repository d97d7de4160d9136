import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { languageOf } from "../panels/code/languages";
import { setUpDocument } from "../panels/code/setup";
import type { Boot } from "../shared/boot";
import "../shared/components";
import { App } from "./App";
import { WorkbenchContext } from "./context";
import type { Opening } from "./opening";
import { Workbench } from "./workbench";
import "./workbench.css";
import "../panels/panels.css";

/** The page itself, over what `main.tsx` has begun to fetch. */
export function start(root: HTMLElement, { project, user, workspace }: Boot, { server, bridge, drafts, first }: Opening): void {
  if (!project) throw new Error("The page names no project.");
  const workbench = new Workbench({
    project: {
      id: project.id,
      owner: project.owner,
      name: project.name,
      branch: project.default_branch,
      workspace,
      me: user && project.role !== "viewer" ? user.name : "",
      previewUrl: project.urls.preview,
      dashboardUrl: "/",
      settingsUrl: `/app/${project.owner}/${project.name}/settings`,
    },
    role: project.role ?? "viewer",
    member: user ? [user.id, user.name] : [],
    server,
    bridge,
    drafts,
    first,
    setUp: setUpDocument,
  });
  // Its colours are loaded beside its text.
  void first.then(async (path) => path !== undefined && (await languageOf(path)?.()));
  workbench.start();
  createRoot(root).render(
    <StrictMode>
      <WorkbenchContext value={workbench}>
        <App user={user} />
      </WorkbenchContext>
    </StrictMode>,
  );
}
