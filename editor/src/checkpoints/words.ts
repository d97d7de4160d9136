/** What the pages say about checkpoints. */
import { counted } from "../sharing/words";
import type { Checkpoint, FileChange } from "./types";

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const DAY = 86_400_000;

export function sayClock(at: Date): string {
  return clock.format(at);
}

/** "Today", "Yesterday", "Tuesday 24 November". */
export function sayDay(at: Date, now: Date): string {
  const midnight = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(at)) / DAY);
  if (days <= 0) return "Today";
  return days === 1 ? "Yesterday" : day.format(at);
}

/** The newest first, day by day. */
export function byDay(checkpoints: readonly Checkpoint[], now: Date): [string, Checkpoint[]][] {
  const days = new Map<string, Checkpoint[]>();
  for (const one of checkpoints) {
    const name = sayDay(new Date(one.at), now);
    days.set(name, [...(days.get(name) ?? []), one]);
  }
  return [...days];
}

/** "index.html", "index.html and 2 more"; a checkpoint without any keeps a commit or another branch. */
export function sayFiles({ files, paths }: Pick<Checkpoint, "files" | "paths">): string {
  const first = paths[0]?.split("/").at(-1);
  if (first === undefined) return "No file changed";
  return files > 1 ? `${first} and ${files - 1} more` : first;
}

export function sayRestored(files: number, paths: readonly string[] | undefined): string {
  if (files === 0) return "Nothing differs: it is as it was already.";
  if (paths?.length === 1 && files === 1) return `${paths[0] ?? ""} is as it was.`;
  return `${counted(files, "file")} ${files === 1 ? "is" : "are"} as ${files === 1 ? "it was" : "they were"}.`;
}

/** Whether its lines can be shown side by side. */
export function isText({ added }: FileChange): boolean {
  return added !== null;
}

const WORDS: Record<FileChange["change"], string> = { added: "added", deleted: "deleted", modified: "changed" };

export function sayChange({ change }: FileChange): string {
  return WORDS[change];
}
