/** What the pages say about domains. */
import { sayTime } from "../shared/components/time";
import type { Domain, DomainState } from "./types";

export const STATES: Record<DomainState, { label: string; tone: "ok" | "waits" | "bad" }> = {
  pending: { label: "Waits for its record", tone: "waits" },
  active: { label: "In service", tone: "ok" },
  failing: { label: "In service, but its record is gone", tone: "bad" },
  suspended: { label: "Out of service", tone: "bad" },
  taken: { label: "Proven by another project", tone: "bad" },
};

export function isInService({ state }: Domain): boolean {
  return state === "active" || state === "failing";
}

/** Whether the record is still to be set; what is proven need not show it all the time. */
export function wantsRecord({ proof, state }: Domain): boolean {
  return proof !== null && state !== "active";
}

/** What is to be known of the certificate, where it is not simply there. */
export function sayCertificate({ certificate: { state, reason } }: Domain): string | null {
  if (state === "ordered") return "Its certificate is on its way.";
  if (state === "elsewhere") return null;
  if (state === "failed") return `It has no certificate yet: ${reason}`;
  return reason || null;
}

export function sayNextCheck({ next_check: next }: Domain, now: Date): string {
  if (next === null) return "Firefly no longer looks by itself.";
  const at = new Date(next);
  return at <= now ? "Firefly looks for it now." : `Firefly looks again ${sayTime(at, now)}.`;
}

/** What a word becomes as an alias; null for a whole host, and for nothing. */
export function aliasOf(text: string, previewUrl: string): string | null {
  const label = text.trim().toLowerCase();
  if (!label || label.includes(".")) return null;
  return `${label}.${new URL(previewUrl).host.split(".").slice(1).join(".")}`;
}
