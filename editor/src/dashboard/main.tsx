import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { readBoot } from "../shared/boot";
import { Dashboard } from "./Dashboard";
import { begin } from "./store";

const root = document.getElementById("root");
const { user, urls } = readBoot();
if (root && user) {
  begin();
  createRoot(root).render(
    <StrictMode>
      <Dashboard user={user} server={urls["app"] ?? location.origin} />
    </StrictMode>,
  );
}
