/** One project's secrets, and all that changes them. */
import { asProblem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { Loaded } from "../shared/Loaded";
import type { SecretsApi } from "./api";
import type { Entry, Secret } from "./types";

export class Secrets extends Loaded<Secret[]> {
  constructor(
    private readonly api: SecretsApi,
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => api.list());
  }

  /** One after another; throws the first problem, with what came before it set. */
  async set(entries: Entry[]): Promise<void> {
    try {
      for (const entry of entries) await this.api.set(entry);
    } finally {
      await this.load();
    }
    this.say(entries.length === 1 ? `${entries[0]?.name ?? ""} is set.` : `${entries.length} secrets are set.`);
  }

  async remove(name: string): Promise<void> {
    try {
      await this.api.remove(name);
      this.say(`${name} is removed.`);
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
    await this.load();
  }
}
