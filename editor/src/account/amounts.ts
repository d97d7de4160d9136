/** Numbers in words that stay short. */

const UNITS = ["B", "KB", "MB", "GB", "TB"];

export function sayNumber(value: number): string {
  const digits = value > 0 && value < 10 && !Number.isInteger(value) ? 1 : 0;
  return value.toLocaleString("en-GB", { maximumFractionDigits: digits });
}

export function sayBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${sayNumber(value)} ${UNITS[unit]}`;
}

/** A duration of a request: 0.3 ms, 45 ms, 1.2 s. */
export function saySeconds(seconds: number): string {
  return seconds < 1 ? `${sayNumber(seconds * 1000)} ms` : `${sayNumber(seconds)} s`;
}
