/** What commands print for terminals, as text with classes. */
import "./ansi.css";

export interface Span {
  text: string;
  className: string;
}

// eslint-disable-next-line no-control-regex
const ESCAPE = /\u001b\[([0-9;:?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\^_]|[\u0000-\u0008\u000b-\u001f\u007f]/g;
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
const RGB: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [205, 40, 40],
  [40, 180, 60],
  [220, 190, 40],
  [50, 90, 220],
  [190, 60, 190],
  [40, 190, 200],
  [230, 230, 230],
];

interface Look {
  colour: string;
  ground: string;
  inverse: boolean;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underlined: boolean;
  struck: boolean;
}

const PLAIN: Look = { colour: "", ground: "", inverse: false, bold: false, dim: false, italic: false, underlined: false, struck: false };

/** Colours of a printed line as classes; everything else that terminals are told is left out. */
export function spansOf(line: string): Span[] {
  const spans: Span[] = [];
  let look = PLAIN;
  let from = 0;
  const add = (to: number): void => {
    if (to > from) spans.push({ text: line.slice(from, to), className: classOf(look) });
  };
  for (const match of line.matchAll(ESCAPE)) {
    add(match.index);
    from = match.index + match[0].length;
    if (match[2] === "m") look = changed(look, (match[1] ?? "").split(/[;:]/).map(Number));
  }
  add(line.length);
  return spans;
}

/** The same without colours. */
export function plainOf(line: string): string {
  return line.replace(ESCAPE, "");
}

/** What a terminal shows at last of a line that was written over again and again, as progress bars do. */
export function lastWritten(line: string): string {
  const whole = line.replace(/\r+$/, "");
  return whole.slice(whole.lastIndexOf("\r") + 1);
}

function changed(look: Look, codes: readonly number[]): Look {
  let now = look;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, length] = wideColour(codes.slice(at + 1));
      now = code === 38 ? { ...now, colour } : { ...now, ground: colour };
      at += length;
    } else now = change(now, code);
  }
  return now;
}

function change(look: Look, code: number): Look {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 3) return { ...look, italic: true };
  if (code === 4) return { ...look, underlined: true };
  if (code === 7) return { ...look, inverse: true };
  if (code === 9) return { ...look, struck: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 23) return { ...look, italic: false };
  if (code === 24) return { ...look, underlined: false };
  if (code === 27) return { ...look, inverse: false };
  if (code === 29) return { ...look, struck: false };
  if (code === 39) return { ...look, colour: "" };
  if (code === 49) return { ...look, ground: "" };
  const of = (plain: number, bright: number): string => COLOURS[code - plain] ?? COLOURS[code - bright] ?? "";
  return { ...look, colour: of(30, 90) || look.colour, ground: of(40, 100) || look.ground };
}

/** One of 256 colours or of all: the nearest that can be read on every ground, and how many codes it took. */
function wideColour([kind, ...codes]: readonly number[]): [string, number] {
  if (kind === 5) return [ofPalette(codes[0] ?? 0), 2];
  if (kind === 2) return [nearest(codes[0] ?? 0, codes[1] ?? 0, codes[2] ?? 0), 4];
  return ["", 1];
}

function ofPalette(index: number): string {
  if (index < 16) return COLOURS[index % 8] ?? "";
  if (index >= 232) return nearest((index - 232) * 10 + 8, (index - 232) * 10 + 8, (index - 232) * 10 + 8);
  const level = (step: number): number => (step === 0 ? 0 : step * 40 + 55);
  const cube = index - 16;
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function nearest(red: number, green: number, blue: number): string {
  const far = RGB.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
  return COLOURS[far.indexOf(Math.min(...far))] ?? "";
}

/** Where there is a ground, what stands on it has the colour that all text has: the pair that was asked for may be unreadable here. */
function classOf({ colour, ground, inverse, bold, dim, italic, underlined, struck }: Look): string {
  const on = inverse ? colour || "white" : ground;
  const parts = [on ? `ansi-on ansi-on-${on}` : colour && `ansi-${colour}`, bold && "ansi-bold", dim && "ansi-dim", italic && "ansi-italic"];
  return [...parts, underlined && "ansi-underlined", struck && "ansi-struck"].filter(Boolean).join(" ");
}
