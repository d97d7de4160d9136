import { describe, expect, it } from "vitest";
import { sayDuration, sayTime } from "../../src/shared/components/time";

const now = new Date("2026-11-20T12:00:00Z");
const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);

describe("times in words", () => {
  it.each([
    [0, "just now"],
    [-59, "just now"],
    [-61, "1 minute ago"],
    [-3600, "1 hour ago"],
    [-86_400, "yesterday"],
    [-3 * 86_400, "3 days ago"],
    [-40 * 86_400, "last month"],
    [30, "in less than a minute"],
    [7 * 86_400, "next week"],
  ])("%i seconds from now are %s", (seconds, words) => {
    expect(sayTime(after(seconds), now)).toBe(words);
  });

  it.each([
    [40, "40 ms"],
    [400, "0.4 s"],
    [9_960, "10 s"],
    [12_300, "12 s"],
    [59_700, "1 min 0 s"],
    [119_700, "2 min 0 s"],
    [185_000, "3 min 5 s"],
    [-5, "0 ms"],
  ])("%i milliseconds last %s", (length, words) => {
    expect(sayDuration(length)).toBe(words);
  });
});
