/** What a project wants of its builds, and all that changes it. */
import { asProblem } from "../../shared/api";
import { showToast } from "../../shared/components/toasts";
import { Loaded } from "../../shared/Loaded";
import type { BuildsApi } from "../api";
import type { BuildSettings } from "../types";

export class Settings extends Loaded<BuildSettings> {
  constructor(
    private readonly api: BuildsApi,
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => api.settings());
  }

  /** Shows a change at once; it can be undone while `told` is shown. */
  async change(change: Partial<BuildSettings>, told: string): Promise<void> {
    const before = this.value;
    try {
      const changed = await this.ahead((settings) => ({ ...settings, ...change }), () => this.api.changeSettings(change));
      this.show(() => changed);
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
      return;
    }
    const names = Object.keys(change) as (keyof BuildSettings)[];
    const earlier: Partial<BuildSettings> = before ? Object.fromEntries(names.map((name) => [name, before[name]])) : {};
    this.say(told, { undo: () => void this.change(earlier, "It is as it was.") });
  }

  /** Throws the problem: what was typed may be wrong, and stays where it was typed. */
  async save(change: Partial<BuildSettings>): Promise<void> {
    const changed = await this.api.changeSettings(change);
    this.show(() => changed);
  }
}
