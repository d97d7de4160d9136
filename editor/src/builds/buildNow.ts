import { asProblem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { BuildsApi } from "./api";
import { baseOf } from "./place";

/** Builds the newest commit of a branch and goes to where that can be watched. */
export async function buildNow({ owner, name, branch }: { owner: string; name: string; branch: string }): Promise<void> {
  try {
    const build = await new BuildsApi({ owner, name }).start({ ref: branch, forced: true });
    location.assign(`${baseOf({ owner, name })}/builds/${build.number}`);
  } catch (thrown) {
    showToast(asProblem(thrown).detail, { kind: "problem" });
  }
}
