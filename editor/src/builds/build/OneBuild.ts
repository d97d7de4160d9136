/** One build as its page shows it, and all that is done to it. */
import { asProblem } from "../../shared/api";
import { showToast } from "../../shared/components/toasts";
import { Loaded } from "../../shared/Loaded";
import type { BuildAction, BuildsApi } from "../api";
import type { Build, Step } from "../types";

export class OneBuild extends Loaded<Build> {
  constructor(
    private readonly api: BuildsApi,
    readonly number: number,
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => (this.value ? api.build(this.value.id) : api.numbered(number)));
  }

  /** A step as the log's stream tells it, ahead of the next answer. */
  heardStep(step: Step): void {
    this.show((build) => ({ ...build, steps: withStep(build.steps, step) }));
  }

  async cancel(): Promise<void> {
    const build = await this.act("cancel");
    if (build) this.say(`Build ${build.number} is cancelled.`, { undo: () => void this.retry() });
  }

  async kill(): Promise<void> {
    const build = await this.act("kill");
    if (build) this.say(`Build ${build.number} is killed.`);
  }

  /** The new build, which is another than this one. */
  async retry(): Promise<Build | null> {
    return this.attempt("retry");
  }

  async approve(): Promise<void> {
    const build = await this.act("approve");
    if (build) this.say(`Build ${build.number} is approved, and queued.`);
  }

  async stopSite(): Promise<void> {
    if (await this.act("stop")) this.say("The site is stopped.", { undo: () => void this.act("start") });
  }

  async startSite(): Promise<void> {
    if (await this.act("start")) this.say("The site is starting.");
  }

  private async act(action: BuildAction): Promise<Build | null> {
    const build = await this.attempt(action);
    if (build) this.show(() => build);
    return build;
  }

  private async attempt(action: BuildAction): Promise<Build | null> {
    if (!this.value) return null;
    try {
      return await this.api.act(this.value.id, action);
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
      return null;
    }
  }
}

export function withStep(steps: readonly Step[], step: Step): Step[] {
  const others = steps.filter(({ position }) => position !== step.position);
  return [...others, step].sort((a, b) => a.position - b.position);
}
