/** One project's link, and all that changes it. */
import { asProblem, type Job } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { Loaded } from "../shared/Loaded";
import type { LinkingApi } from "./api";
import type { Link, NewLink } from "./types";

const NOT_FOUND = 404;

/** `link` is null where there is none; `job` makes it just now, or has failed to. */
export interface Shown {
  link: Link | null;
  job: Job | null;
}

export class ProjectLink extends Loaded<Shown> {
  constructor(
    private readonly api: LinkingApi,
    readonly project: { id: string; owner: string; name: string },
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => this.look());
  }

  private async look(): Promise<Shown> {
    const job = await this.api.job(this.project.id);
    try {
      return { link: await this.api.link(this.project), job };
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.status !== NOT_FOUND) throw problem;
      return { link: null, job };
    }
  }

  /** Throws the problem. */
  async make(given: NewLink): Promise<void> {
    await this.api.make(this.project, given);
    await this.load();
  }

  mend(): Promise<void> {
    return this.attempt(async () => {
      await this.api.mend(this.project);
    });
  }

  compare(): Promise<void> {
    return this.attempt(async () => {
      await this.api.compare(this.project);
    });
  }

  resolve(branch: string, choice: "theirs" | "ours"): Promise<void> {
    return this.attempt(async () => {
      const made = await this.api.resolve(this.project, branch, choice);
      this.say(choice === "theirs" ? `Theirs is branch ${made.branch} here. Merge it into ${branch}.` : `Ours is kept as branch ${made.branch}; ${branch} follows theirs.`);
    });
  }

  /** Opens a pull request; its address. Throws the problem. */
  async propose(branch: string, title: string): Promise<string> {
    const { number, url } = await this.api.propose(this.project, branch, title);
    this.say(`Pull request ${number} is open.`);
    return url;
  }

  unlink(): Promise<void> {
    return this.attempt(async () => {
      await this.api.unlink(this.project);
      this.say("The project is linked no more. Its hook there is removed.");
    });
  }

  private async attempt(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
    await this.load();
  }
}
