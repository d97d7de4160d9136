export interface Span {
  text: string;
  className: string;
}

// eslint-disable-next-line no-control-regex
const ESCAPE = /\u001b\[([0-9;?]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f]/g;
const colours = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

interface Look {
  colour: string;
  bold: boolean;
  dim: boolean;
}

/** Colours of a printed line as classes; everything else that terminals are told is left out. */
export function spansOf(line: string): Span[] {
  const spans: Span[] = [];
  let look: Look = { colour: "", bold: false, dim: false };
  let from = 0;
  const add = (to: number): void => {
    if (to > from) spans.push({ text: line.slice(from, to), className: classOf(look) });
  };
  for (const match of line.matchAll(ESCAPE)) {
    add(match.index);
    from = match.index + match[0].length;
    if (match[2] === "m") look = (match[1] ?? "").split(";").map(Number).reduce(change, look);
  }
  add(line.length);
  return spans;
}

function change(look: Look, code: number): Look {
  if (code === 0) return { colour: "", bold: false, dim: false };
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 39) return { ...look, colour: "" };
  const index = code >= 90 && code <= 97 ? code - 90 : code >= 30 && code <= 37 ? code - 30 : -1;
  return index < 0 ? look : { ...look, colour: colours[index] ?? "" };
}

function classOf({ colour, bold, dim }: Look): string {
  return [colour && `wb-ansi-${colour}`, bold && "wb-ansi-bold", dim && "wb-ansi-dim"].filter(Boolean).join(" ");
}
