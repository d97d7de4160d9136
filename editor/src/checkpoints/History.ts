/** A workspace's checkpoints, newest first, and going back to one. */
import { asProblem, type Page } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { Loaded } from "../shared/Loaded";
import type { CheckpointsApi } from "./api";
import type { Against, Changes, Checkpoint } from "./types";
import { sayRestored } from "./words";

export class History extends Loaded<Page<Checkpoint>> {
  constructor(
    readonly api: CheckpointsApi,
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => api.list());
  }

  /** The next page below what is shown. */
  async more(): Promise<void> {
    const next = this.value?.next;
    if (!next) return;
    try {
      const page = await this.api.list(next);
      this.show(({ items }) => ({ items: [...items, ...page.items], next: page.next }));
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
  }

  /** Done at once, since it can be undone: what was there is a checkpoint of its own. Whether it succeeded. */
  async restore(id: string, paths?: string[]): Promise<boolean> {
    try {
      const { files, undo } = await this.api.restore(id, paths);
      const back = undo !== null && files > 0 ? { undo: () => void this.restore(undo, paths) } : {};
      this.say(sayRestored(files, paths), back);
    } catch (thrown) {
      this.say(`Nothing was restored: ${asProblem(thrown).detail}`, { kind: "problem" });
      return false;
    }
    await this.load();
    return true;
  }
}

/** What differs between a checkpoint and the one before, or now. */
export class Difference extends Loaded<Changes> {
  constructor(
    private readonly api: CheckpointsApi,
    readonly id: string,
    readonly against: Against,
    /** The newest checkpoint when it was asked for: with another one, now is another. */
    readonly until = "",
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => api.changes(id, against));
  }

  async more(): Promise<void> {
    const next = this.value?.next;
    if (!next) return;
    try {
      const page = await this.api.changes(this.id, this.against, next);
      this.show((before) => ({ ...before, items: [...before.items, ...page.items], next: page.next }));
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
  }
}
