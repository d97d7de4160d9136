import { readBoot } from "../shared/boot";
import { Opening } from "./opening";

const boot = readBoot();
const root = document.getElementById("root");
if (root && boot.project) {
  const opening = new Opening(boot.project);
  opening.begin();
  void import("./start").then(({ start }) => start(root, boot, opening));
}
