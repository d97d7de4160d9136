/** Times as people say them. */
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["week", 7 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "medium" });

/** "just now", "5 minutes ago", "yesterday", "in 3 days". */
export function sayTime(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  if (!unit) return seconds > 5 ? "in less than a minute" : "just now";
  return relative.format(Math.trunc(seconds / unit[1]), unit[0]);
}

export function sayExactly(at: Date): string {
  return exact.format(at);
}

/** "40 ms", "0.4 s", "12 s", "3 min 5 s". */
export function sayDuration(milliseconds: number): string {
  const time = Math.max(0, milliseconds);
  if (time < 100) return `${Math.round(time)} ms`;
  if (time < 9_950) return `${(time / 1000).toFixed(1)} s`;
  const seconds = Math.round(time / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
