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
  if (phase.name === "failed") return { tone: "failed", label: "Failed", detail: "" };
  if (!application) return { tone: "busy", label: "Starting", detail: "" };
  const [tone, label] = words[application.state];
  return { tone, label, detail: sleepsAt(sandbox) };
}

function sleepsAt(sandbox: Sandbox | null): string {
  if (sandbox?.state !== "running" || !sandbox.stops_at) return "";
  return `sleeps at ${clock.format(new Date(sandbox.stops_at))}`;
}
