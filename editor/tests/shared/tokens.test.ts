import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const tokens = readFileSync("src/shared/tokens.css", "utf8");

function blockOf(selector: string): Record<string, string> {
  const start = tokens.indexOf(`${selector} {`);
  const text = tokens.slice(start, tokens.indexOf("}", start));
  return Object.fromEntries([...text.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]));
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((left, right) => right - left);
  return (light + 0.05) / (dark + 0.05);
}

const PAIRS = [
  ...["--bg", "--bg-subtle", "--bg-raised", "--bg-hover"].flatMap((ground) =>
    ["--text", "--text-muted", "--text-faint", "--accent-text", "--bad"].map((ink) => [ink, ground] as const),
  ),
  ["--accent-ink", "--accent"],
  ["--accent-ink", "--accent-hover"],
  ["--bad-ink", "--bad"],
  ["--bad", "--bad-soft"],
  ["--text-muted", "--accent-soft"],
  ["--text", "--bg-active"],
  ["--text-muted", "--bg-active"],
] as const;

describe.each([":root", ':root[data-theme="dark"]', ':root[data-theme="contrast"]'])("the colours of %s", (selector) => {
  const colours = blockOf(selector);

  it.each(PAIRS)("let %s be read on %s", (ink, ground) => {
    expect(contrast(colours[ink] ?? "", colours[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  it("let controls be told from the page", () => {
    expect(contrast(colours["--line-control"] ?? "", colours["--bg"] ?? "")).toBeGreaterThanOrEqual(3);
  });
});

describe("the tokens", () => {
  it("are dark alike by choice and by the system", () => {
    expect(blockOf(":root:not([data-theme])")).toEqual(blockOf(':root[data-theme="dark"]'));
  });

  it("are the ones of the pages that the server draws", () => {
    expect(readFileSync("../firefly/web/static/site.css", "utf8").startsWith(tokens)).toBe(true);
  });
});
