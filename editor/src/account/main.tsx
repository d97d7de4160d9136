import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { readBoot } from "../shared/boot";
import { AccountPages } from "./AccountPages";

const root = document.getElementById("root");
const { user } = readBoot();
if (root && user)
  createRoot(root).render(
    <StrictMode>
      <AccountPages user={user} />
    </StrictMode>,
  );
