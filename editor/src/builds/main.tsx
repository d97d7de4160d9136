import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { readBoot } from "../shared/boot";
import { BuildsPages } from "./BuildsPages";

const root = document.getElementById("root");
const { user, project } = readBoot();
if (root && user && project)
  createRoot(root).render(
    <StrictMode>
      <BuildsPages user={user} project={project} />
    </StrictMode>,
  );
