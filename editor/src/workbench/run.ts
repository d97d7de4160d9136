import type { ApplicationStatus, Phase, Sandbox } from "../bridge";

export interface Run {
  tone: "running" | "busy" | "failed" | "off";
  label: string;
  detail: string;
}

const words: Record<ApplicationStatus["state"], [Run["tone"], string]> = {
  running: ["running", "Running"],
  starting: ["busy", "Starting"],
  installing: ["busy", "Installing"],
  waiting: ["busy", "Restarting soon"],
  crashed: ["failed", "Crashed"],
  stopped: ["off", "Stopped"],
};

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });

/** What runs, in a word, and until when. */
export function runOf(application: ApplicationStatus | null, sandbox: Sandbox | null, phase: Phase): Run {
  if (phase.name === "asleep") return { tone: "off", label: "Asleep", detail: "" };
  if (sandbox?.state === "frozen") return { tone: "off", label: "Asleep", detail: "wakes when used" };
  if (phase.name === "failed") return { tone: "failed", label: "Failed", detail: "" };
  if (!application) return { tone: "busy", label: "Starting", detail: "" };
  const [tone, label] = wordsOf(application);
  return { tone, label, detail: sleepsAt(sandbox) };
}

function wordsOf(application: ApplicationStatus): [Run["tone"], string] {
  if (isDone(application)) return ["off", "Done"];
  if (hasNothing(application)) return ["off", "Nothing to run"];
  return words[application.state];
}

/** Whether the preview has a page to show; a script that ended well, and a project with nothing to run, have one too. */
export function showsPage(application: ApplicationStatus): boolean {
  return application.state === "running" || application.kind === "static" || isDone(application) || hasNothing(application);
}

function isDone({ kind, state, exit_code }: ApplicationStatus): boolean {
  return kind === "script" && state === "stopped" && exit_code === 0;
}

function hasNothing({ kind, state }: ApplicationStatus): boolean {
  return kind === "none" && state === "waiting";
}

/** Until when somebody keeps it awake, and why: what the menu says. */
export function awakeUntil(sandbox: Sandbox | null): string {
  const last = sandbox?.keep_awake?.[0];
  if (!last) return "";
  return `Kept awake by ${last.by} until ${clock.format(new Date(last.until))}${last.reason ? `: ${last.reason}` : ""}.`;
}

/** What becomes of it if nobody uses it: what the menu says. */
export function restsAt(sandbox: Sandbox | null): string {
  if (!sandbox) return "";
  const { state, freezes_at: freezes, stops_at: stops } = sandbox;
  const stop = stops && `stops at ${clock.format(new Date(stops))}`;
  if (state === "frozen") return `It is frozen, and wakes when it is used${stop ? `; else it ${stop}` : ""}.`;
  if (state !== "running") return "";
  const steps = [freezes && `sleeps at ${clock.format(new Date(freezes))}`, stop].filter(Boolean).join(" and ");
  return steps && `It ${steps}, unless it is used.`;
}

/** Until when it stays awake if nothing happens, or that it is in the middle of something. */
function sleepsAt(sandbox: Sandbox | null): string {
  const kept = sandbox?.keep_awake?.[0];
  if (sandbox?.state === "running" && kept) return `awake until ${clock.format(new Date(kept.until))}`;
  const at = sandbox?.state === "running" && (sandbox.freezes_at ?? sandbox.stops_at);
  return at ? `sleeps at ${clock.format(new Date(at))}` : "";
}
