/** Finding words in a log. */
import type { Span } from "../../shared/ansi";
import type { Log } from "./Log";

export interface Piece extends Span {
  found: boolean;
}

/** Which lines have the words in them; what has been looked at is not looked at again. Case does not count. */
export class Finds {
  readonly lines: number[] = [];
  private seen = 0;
  private readonly wanted: string;

  constructor(
    private readonly log: Log,
    readonly query: string,
  ) {
    this.wanted = query.toLowerCase();
  }

  /** Looks at what has come since. */
  goOn(): void {
    const all = this.log.lines.length;
    if (!this.wanted) return;
    for (; this.seen < all; this.seen += 1)
      if (this.log.plainAt(this.seen).toLowerCase().includes(this.wanted)) this.lines.push(this.seen);
  }

  /** Which find comes after (or before) a line, round the end; -1 where there is none. */
  from(line: number, by: 1 | -1): number {
    if (this.lines.length === 0) return -1;
    if (by > 0) {
      const next = this.lines.findIndex((one) => one > line);
      return next < 0 ? 0 : next;
    }
    const before = this.lines.findLastIndex((one) => one < line);
    return before < 0 ? this.lines.length - 1 : before;
  }
}

/** The spans of a line, cut where the words begin and end. */
export function withFinds(spans: readonly Span[], query: string): Piece[] {
  const ranges = rangesOf(spans.map(({ text }) => text).join(""), query.toLowerCase());
  if (ranges.length === 0) return spans.map((span) => ({ ...span, found: false }));
  const pieces: Piece[] = [];
  let at = 0;
  for (const { text, className } of spans) {
    for (const { from, to, found } of partsOf(at, at + text.length, ranges))
      pieces.push({ text: text.slice(from - at, to - at), className, found });
    at += text.length;
  }
  return pieces;
}

type Range = readonly [number, number];

function rangesOf(text: string, wanted: string): Range[] {
  const ranges: Range[] = [];
  const low = text.toLowerCase();
  for (let at = wanted ? low.indexOf(wanted) : -1; at >= 0; at = low.indexOf(wanted, at + wanted.length))
    ranges.push([at, at + wanted.length]);
  return ranges;
}

function partsOf(from: number, to: number, ranges: readonly Range[]): { from: number; to: number; found: boolean }[] {
  const parts = [];
  let at = from;
  for (const [start, end] of ranges) {
    if (end <= at || start >= to) continue;
    if (start > at) parts.push({ from: at, to: start, found: false });
    parts.push({ from: Math.max(at, start), to: Math.min(to, end), found: true });
    at = Math.min(to, end);
  }
  if (at < to) parts.push({ from: at, to, found: false });
  return parts;
}
