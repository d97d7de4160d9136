import { Bridge, BrowserDrafts, type Entry, Server } from "../bridge";
import type { Project } from "../shared/api";
import { placeOf, recall } from "./memory";

const FIRST_FILES = ["main.py", "app.py", "server.js", "index.js", "index.html", "README.md", "package.json"];

/** The file that one would open first in a project that one has not seen. */
export function firstFile(entries: readonly Entry[]): string | undefined {
  return FIRST_FILES.find((name) => entries.some((entry) => entry.path === name));
}

/** What can be asked for while most of the page's script still loads: the connection, the tree, the text on screen. */
export class Opening {
  readonly server: Server;
  readonly bridge: Bridge;
  readonly drafts: BrowserDrafts;
  /** The file that is shown first, as soon as that is sure; undefined where the tree has to tell. */
  readonly first: Promise<string | undefined>;
  private readonly place: string;
  private settle: (first: string | undefined | Promise<string | undefined>) => void = () => undefined;
  private hasAsked = false;

  constructor(
    project: Project,
    workspace = "",
  ) {
    this.server = new Server(project.owner, project.name, workspace);
    this.place = placeOf(project.id, workspace);
    this.drafts = new BrowserDrafts(this.place);
    this.first = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.bridge = new Bridge({
      dial: () => this.server.dial(),
      probe: () => this.server.probe(),
      onOpen: () => this.ask(),
    });
  }

  begin(): void {
    this.bridge.connect();
  }

  private ask(): void {
    if (this.hasAsked) return;
    this.hasAsked = true;
    const { tabs, active, expanded } = recall(this.place);
    for (const path of ["", ...expanded]) void this.bridge.ahead("files.list", { path, depth: 1 });
    const shown = active ?? tabs[0];
    const wanted = shown === undefined ? FIRST_FILES : [shown];
    const found = wanted.map((path) => this.bridge.ahead("files.read", { path }).then(() => path, () => undefined));
    this.settle(firstOf(found));
  }
}

/** All are asked at once; the earliest in the row that exists is it. */
async function firstOf(found: readonly Promise<string | undefined>[]): Promise<string | undefined> {
  for (const path of found) if ((await path) !== undefined) return path;
  return undefined;
}
