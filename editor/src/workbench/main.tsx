import { readBoot } from "../shared/boot";
import { Opening } from "./opening";

const boot = readBoot();
const root = document.getElementById("root");
if (root && boot.project) {
  const opening = new Opening(boot.project, boot.workspace);
  opening.begin();
  void import("./start").then(({ start }) => start(root, boot, opening));
}
