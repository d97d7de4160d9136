/** A match of every letter of the query in order; runs, word beginnings and file names count more. */
export interface Match<Item> {
  item: Item;
  score: number;
  /** Indices of the matched letters. */
  at: readonly number[];
}

const START = /[/._\-\s]/;

export function matchText(query: string, text: string): { score: number; at: number[] } | null {
  const wanted = query.toLowerCase().replaceAll(" ", "");
  const low = text.toLowerCase();
  const fileName = low.lastIndexOf("/") + 1;
  const whole = low.indexOf(wanted, fileName);
  if (wanted && whole >= 0) {
    const at = Array.from(wanted, (_, offset) => whole + offset);
    return { score: 100 + wanted.length * 4 - text.length / 100 + (whole === fileName ? 20 : 0), at };
  }
  return scattered(wanted, low, fileName);
}

function scattered(wanted: string, low: string, fileName: number): { score: number; at: number[] } | null {
  const at: number[] = [];
  let score = -low.length / 100;
  let from = 0;
  for (const letter of wanted) {
    const index = low.indexOf(letter, from);
    if (index < 0) return null;
    if (index === from && at.length > 0) score += 3;
    if (index === 0 || START.test(low.charAt(index - 1))) score += 4;
    if (index >= fileName) score += 1;
    at.push(index);
    from = index + 1;
  }
  return { score, at };
}

export function search<Item>(query: string, items: readonly Item[], textOf: (item: Item) => string, limit = 50): Match<Item>[] {
  if (!query.trim()) return items.slice(0, limit).map((item) => ({ item, score: 0, at: [] }));
  const found: Match<Item>[] = [];
  for (const item of items) {
    const match = matchText(query, textOf(item));
    if (match) found.push({ item, ...match });
  }
  return found.sort((a, b) => b.score - a.score).slice(0, limit);
}
