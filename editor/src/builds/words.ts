/** Builds in words. */
import { sayDuration } from "../shared/components";
import type { Build, BuildState, Site, StepState, Trigger } from "./types";

/** What a state looks like: one of few marks, whose shape tells them apart without colour. */
export type Mark = "waiting" | "queued" | "running" | "good" | "bad" | "ended" | "skipped";

interface Look {
  mark: Mark;
  word: string;
}

const STATES: Record<BuildState, Look> = {
  waiting: { mark: "waiting", word: "Waits for approval" },
  queued: { mark: "queued", word: "Queued" },
  running: { mark: "running", word: "Building" },
  succeeded: { mark: "good", word: "Succeeded" },
  failed: { mark: "bad", word: "Failed" },
  tests_failed: { mark: "bad", word: "Tests failed" },
  cancelled: { mark: "ended", word: "Cancelled" },
  killed: { mark: "ended", word: "Killed" },
  timed_out: { mark: "bad", word: "Timed out" },
  superseded: { mark: "skipped", word: "Superseded" },
};

const STEPS: Record<StepState, Look> = {
  running: { mark: "running", word: "Running" },
  succeeded: { mark: "good", word: "Succeeded" },
  failed: { mark: "bad", word: "Failed" },
  skipped: { mark: "skipped", word: "Skipped" },
  ended: { mark: "ended", word: "Ended" },
};

export const BUILD_STATES = Object.keys(STATES) as BuildState[];

export function lookOf(state: BuildState): Look {
  return STATES[state];
}

export function lookOfStep(state: StepState): Look {
  return STEPS[state];
}

export function isOver(state: BuildState): boolean {
  return state !== "waiting" && state !== "queued" && state !== "running";
}

const TRIGGERS: Record<Trigger, (by: string) => string> = {
  push: (by) => (by ? `${by} pushed` : "pushed"),
  webhook: (by) => (by ? `${by} pushed at the provider` : "pushed at the provider"),
  pull_request: (by) => (by ? `pull request of ${by}` : "pull request"),
  manual: (by) => (by ? `started by ${by}` : "started by hand"),
  api: (by) => (by ? `started by ${by} by the API` : "started by the API"),
  schedule: () => "on schedule",
  retry: (by) => (by ? `${by} built it again` : "built again"),
  sweep: () => "found by Firefly: its push had not been told",
};

/** Who or what asked for it: "ada pushed", "on schedule". */
export function sayTrigger({ trigger, by }: Pick<Build, "trigger" | "by">): string {
  return TRIGGERS[trigger](by);
}

/** How long it took so far, and waited: from `started_at` while it runs. */
export function elapsed(build: Pick<Build, "started_at" | "ended_at">, now: Date): number | null {
  if (!build.started_at) return null;
  const end = build.ended_at ? new Date(build.ended_at) : now;
  return Math.max(0, end.getTime() - new Date(build.started_at).getTime());
}

export function sayQueueTime({ queued_at: queued, started_at: started }: Pick<Build, "queued_at" | "started_at">): string | null {
  if (!queued || !started) return null;
  const waited = new Date(started).getTime() - new Date(queued).getTime();
  return waited < 1000 ? "less than a second" : sayDuration(waited);
}

const ORDINALS: Record<string, string> = { one: "st", two: "nd", few: "rd", other: "th" };
const ordinal = new Intl.PluralRules("en", { type: "ordinal" });

/** "next in the queue", "3rd in the queue, 1 of this project before it". */
export function sayPlace(queue: NonNullable<Build["queue"]>): string {
  const { position, ahead_of_project: ahead } = queue;
  if (queue.held) return "held, as all builds of this project";
  if (queue.reason) return queue.reason;
  if (position <= 1) return "next in the queue";
  const place = `${position}${ORDINALS[ordinal.select(position)] ?? "th"} in the queue`;
  return ahead > 0 ? `${place}, ${ahead} of this project before it` : place;
}

/** The sleep of a site is no fault: it says whether it answers at once. */
export function saySite(site: Site): string {
  if (site.state === "live") return site.sandbox_state === "stopped" || site.sandbox_state === "frozen" ? "Asleep, wakes when it is opened" : "Live";
  if (site.state === "starting") return "Starting";
  if (site.state === "failed") return "Did not start";
  if (site.state === "stopped") return "Stopped";
  return site.state === "replaced" ? "Replaced by a newer build" : "Removed";
}

export function shortCommit(commit: string): string {
  return commit.slice(0, 7);
}

/** A host without its scheme, as one reads it. */
export function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, "").replace(/\/$/, "");
}
