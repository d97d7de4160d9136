/** The hooks that a project calls, and all that changes them. */
import { asProblem } from "../../shared/api";
import { showToast } from "../../shared/components/toasts";
import { Loaded } from "../../shared/Loaded";
import type { HooksApi } from "./api";
import type { CreatedHook, Hook, NewHook } from "./types";

export class Hooks extends Loaded<Hook[]> {
  constructor(
    private readonly api: HooksApi,
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => api.list());
  }

  /** Throws the problem: its address may be none that Firefly calls. */
  async add(wanted: NewHook): Promise<CreatedHook> {
    const made = await this.api.add(wanted);
    await this.load();
    return made;
  }

  async setActive(hook: Hook, active: boolean): Promise<void> {
    const change = (hooks: Hook[]) => hooks.map((one) => (one.id === hook.id ? { ...one, active, reason: "" } : one));
    await this.attempt(change, () => this.api.setActive(hook.id, active));
  }

  /** Its address is nowhere else: this cannot be undone. */
  async remove(hook: Hook): Promise<void> {
    const change = (hooks: Hook[]) => hooks.filter(({ id }) => id !== hook.id);
    if (await this.attempt(change, () => this.api.remove(hook.id))) this.say(`${hook.host} is not called any more.`);
  }

  private async attempt(change: (hooks: Hook[]) => Hook[], call: () => Promise<unknown>): Promise<boolean> {
    try {
      await this.ahead(change, call);
      return true;
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
      return false;
    }
  }
}
