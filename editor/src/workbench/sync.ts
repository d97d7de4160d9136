import type { WorkbenchState } from "./state";

export interface Sync {
  tone: "ok" | "busy" | "bad" | "quiet";
  text: string;
}

function files(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}

/** The one sentence about whether what you see is what is kept. */
export function syncOf({ phase, pending, documents, greeted, uploads, role }: WorkbenchState): Sync {
  const waits = pending.length > 0 ? ` ${files(pending.length)} will be saved then.` : "";
  switch (phase.name) {
    case "connecting":
      return { tone: "busy", text: greeted ? `Connecting…${waits}` : "Starting the sandbox…" };
    case "lost":
      return { tone: "bad", text: `Connection lost, trying again.${waits}` };
    case "asleep":
      return { tone: "quiet", text: "Asleep. What you type is kept." };
    case "failed":
      return { tone: "bad", text: "The sandbox does not start." };
    case "refused":
      return { tone: "bad", text: "Disconnected. What you type is kept." };
    case "closed":
      return { tone: "quiet", text: "Closed." };
    case "ready":
      return role === "viewer" ? { tone: "quiet", text: "You may look, not change." } : whenReady(pending.length, uploads, Object.values(documents));
  }
}

function whenReady(pending: number, uploads: number, documents: readonly WorkbenchState["documents"][string][]): Sync {
  const conflicts = documents.filter((document) => document.conflict).length;
  const dirty = documents.filter((document) => document.dirty).length;
  if (conflicts > 0) return { tone: "bad", text: `${files(conflicts)} changed elsewhere.` };
  if (pending > 0) return { tone: "busy", text: "Saving…" };
  if (uploads > 0) return { tone: "busy", text: `Uploading ${files(uploads)}…` };
  if (dirty > 0) return { tone: "quiet", text: `${files(dirty)} not saved.` };
  return { tone: "ok", text: "All changes saved." };
}
