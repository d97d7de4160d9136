/** A project's branches with what each shows, and all that is done to them. */
import { asProblem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { Loaded } from "../shared/Loaded";
import type { BuildsApi } from "./api";
import type { Heard } from "./heard";
import type { Branch, Build } from "./types";

const GATHER = 120;

export class Branches extends Loaded<Branch[]> {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: BuildsApi,
    private readonly projectId: string,
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => api.branches());
  }

  /** Several events come at once when one thing changes: one load answers them all. */
  heard({ kind, projectId }: Heard): void {
    if (kind === "build.step" || (kind !== "missed" && projectId !== this.projectId)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), GATHER);
  }

  close(): void {
    clearTimeout(this.timer);
  }

  async setDemo(branch: Branch, isDemo: boolean): Promise<void> {
    const change = (all: Branch[]) => all.map((one) => (one.ref === branch.ref ? { ...one, is_demo: isDemo } : one));
    try {
      await this.ahead(change, () => this.api.setDemo(branch.branch, isDemo));
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
      return;
    }
    const text = isDemo ? `The site of ${branch.branch} stays, whatever the limits are.` : `The site of ${branch.branch} is one like others.`;
    this.say(text, { undo: () => void this.setDemo(branch, !isDemo) });
  }

  /** Builds the newest commit of a branch, also where it was built before. */
  async build(branch: Branch): Promise<Build | null> {
    try {
      const build = await this.api.start({ ref: branch.ref, forced: true });
      this.say(`Build ${build.number} of ${branch.branch} is queued.`, { undo: () => void this.api.act(build.id, "cancel").catch(() => undefined) });
      void this.load();
      return build;
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
      return null;
    }
  }
}
