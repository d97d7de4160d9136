import { expect, test } from "vitest";
import { sayBytes, sayNumber, saySeconds } from "./amounts";

test("numbers have a decimal only where it says something", () => {
  expect([0, 0.25, 3, 9.96, 12.3, 12345].map(sayNumber)).toEqual(["0", "0.3", "3", "10", "12", "12,345"]);
});

test("bytes are told in the largest unit that fits", () => {
  expect([0, 999, 1000, 1_500_000, 2e15].map(sayBytes)).toEqual(["0 B", "999 B", "1 KB", "1.5 MB", "2,000 TB"]);
});

test("durations are told in milliseconds below a second", () => {
  expect([0.0003, 0.045, 1.24].map(saySeconds)).toEqual(["0.3 ms", "45 ms", "1.2 s"]);
});
