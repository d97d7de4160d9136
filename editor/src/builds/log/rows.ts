/** Where everything stands in a log that is drawn only where it is looked at: heads of steps, and below each its lines. */

export const HEAD = 34;
export const LINE = 20;

/** `lines`: indexes of a step's lines. A folded step shows its head alone. */
export interface Section {
  step: number;
  lines: readonly number[];
  folded: boolean;
}

export type Row = { kind: "head"; section: number; top: number } | { kind: "line"; section: number; index: number; top: number };

interface Placed extends Section {
  top: number;
  height: number;
}

export class Rows {
  readonly height: number;
  private readonly placed: readonly Placed[];

  constructor(readonly sections: readonly Section[]) {
    let top = 0;
    this.placed = sections.map((section) => {
      const height = HEAD + (section.folded ? 0 : section.lines.length * LINE);
      const placed = { ...section, top, height };
      top += height;
      return placed;
    });
    this.height = top;
  }

  /** What stands between two heights, whole. */
  between(from: number, to: number): Row[] {
    const rows: Row[] = [];
    for (let at = this.sectionAt(from); at < this.placed.length; at += 1) {
      const section = this.placed[at];
      if (!section || section.top >= to) break;
      if (section.top + HEAD > from) rows.push({ kind: "head", section: at, top: section.top });
      if (!section.folded) rows.push(...this.linesOf(section, at, from, to));
    }
    return rows;
  }

  /** The section that a height lies in; the last for all that is below. */
  sectionAt(height: number): number {
    let [low, high] = [0, this.placed.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.placed[middle]?.top ?? 0) <= height) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  topOfSection(at: number): number {
    return this.placed[at]?.top ?? 0;
  }

  topOfStep(step: number): number {
    return this.placed.find((one) => one.step === step)?.top ?? 0;
  }

  /** Where a line stands; -1 while its step is folded, or where it has none here. */
  topOfLine(step: number, index: number): number {
    const section = this.placed.find((one) => one.step === step);
    if (!section || section.folded) return -1;
    const at = placeIn(section.lines, index);
    return at < 0 ? -1 : section.top + HEAD + at * LINE;
  }

  private linesOf(section: Placed, at: number, from: number, to: number): Row[] {
    const top = section.top + HEAD;
    const first = Math.max(0, Math.floor((from - top) / LINE));
    const last = Math.min(section.lines.length, Math.ceil((to - top) / LINE));
    const rows: Row[] = [];
    for (let row = first; row < last; row += 1)
      rows.push({ kind: "line", section: at, index: section.lines[row] ?? 0, top: top + row * LINE });
    return rows;
  }
}

function placeIn(sorted: readonly number[], wanted: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = sorted[middle] ?? 0;
    if (found === wanted) return middle;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
