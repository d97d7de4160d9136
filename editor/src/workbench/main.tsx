import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserDrafts, Server } from "../bridge";
import { setUpDocument } from "../panels/code/setup";
import { readBoot } from "../shared/boot";
import "../shared/components";
import { App } from "./App";
import { WorkbenchContext } from "./context";
import { Workbench } from "./workbench";
import "./workbench.css";
import "../panels/panels.css";

function start(root: HTMLElement): void {
  const { project, user } = readBoot();
  if (!project) throw new Error("The page names no project.");
  const workbench = new Workbench({
    project: {
      id: project.id,
      owner: project.owner,
      name: project.name,
      previewUrl: project.urls.preview,
      dashboardUrl: "/",
      settingsUrl: `/app/${project.owner}/${project.name}/settings`,
    },
    role: project.role ?? "viewer",
    member: user ? [user.id, user.name] : [],
    server: new Server(project.owner, project.name),
    drafts: new BrowserDrafts(project.id),
    setUp: setUpDocument,
  });
  workbench.start();
  createRoot(root).render(
    <StrictMode>
      <WorkbenchContext value={workbench}>
        <App user={user} />
      </WorkbenchContext>
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (root) start(root);
