/** Lines of a log as an address names them: `#L12`, `#L12-L20`. */

/** The numbers of the first and the last of them. */
export interface Range {
  from: number;
  to: number;
}

export function rangeOfHash(hash: string): Range | null {
  const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(hash);
  if (!found) return null;
  const [one, other] = [Number(found[1]), Number(found[2] ?? found[1])];
  return { from: Math.min(one, other), to: Math.max(one, other) };
}

export function hashOf({ from, to }: Range): string {
  return from === to ? `#L${from}` : `#L${from}-L${to}`;
}

/** As far as a line that was chosen too. */
export function extended(range: Range, line: number): Range {
  return line < range.from ? { from: line, to: range.to } : { from: range.from, to: line };
}

export function sayRange({ from, to }: Range): string {
  return from === to ? `Line ${from}` : `Lines ${from}–${to}`;
}
