import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { readBoot } from "../shared/boot";
import { ProjectPages } from "./ProjectPages";

const root = document.getElementById("root");
const { user, project } = readBoot();
if (root && user && project)
  createRoot(root).render(
    <StrictMode>
      <ProjectPages user={user} project={project} />
    </StrictMode>,
  );
