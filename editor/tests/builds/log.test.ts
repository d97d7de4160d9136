import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Log } from "../../src/builds/log/Log";
import { hashOf, rangeOfHash, sayRange } from "../../src/builds/log/range";
import { Reading } from "../../src/builds/log/Reading";
import { HEAD, LINE, Rows } from "../../src/builds/log/rows";
import { withFinds } from "../../src/builds/log/search";
import type { LogLine } from "../../src/builds/types";
import { line, step } from "./samples";

/** As much of a browser's EventSource as the log needs. */
class Source extends EventTarget {
  static last: Source;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readyState = 1;
  isClosed = false;

  constructor(readonly address: string) {
    super();
    Source.last = this;
  }

  tell(kind: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }

  close(): void {
    this.isClosed = true;
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.();
  }
}

function opened(options: Partial<ConstructorParameters<typeof Log>[1]> = {}) {
  const log = new Log("b12", { makeSource: (address) => new Source(address) as unknown as EventSource, schedule: (draw) => draw(), ...options });
  const reading = new Reading(log);
  log.store.subscribe(() => reading.grew());
  log.open();
  return { log, reading, tell: (...lines: LogLine[]) => Source.last.tell("lines", lines) };
}

beforeEach(() => {
  vi.stubGlobal("EventSource", { CLOSED: 2 });
  localStorage.clear();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a log", () => {
  test("gathers lines by step and takes none twice, as after a reconnection", () => {
    const { log, tell } = opened();
    tell(line(1, "fetching"), line(2, "\u001b[31mred\u001b[0m", 2));
    tell(line(2, "red", 2), line(3, "more", 2));
    expect(log.lines.map(({ n }) => n)).toEqual([1, 2, 3]);
    expect([log.printed, log.ofStep(2), log.plainAt(1)]).toEqual([[1, 2], [1, 2], "red"]);
    expect([log.indexOf(3), log.indexOf(9)]).toEqual([2, -1]);
  });

  test("is drawn once for all that came since", () => {
    const draws: (() => void)[] = [];
    const { log, tell } = opened({ schedule: (draw) => void draws.push(draw) });
    tell(line(1, "a"));
    tell(line(2, "b"));
    expect([draws.length, log.store.getState().version]).toEqual([1, 0]);
    draws[0]?.();
    expect(log.store.getState().version).toBe(1);
  });

  test("goes on after its last line when the server had refused it", () => {
    vi.useFakeTimers();
    const { log, tell } = opened();
    tell(line(1, "a"), line(2, "b"));
    Source.last.fail(2);
    expect(log.store.getState().state).toBe("lost");
    vi.advanceTimersByTime(600);
    expect(Source.last.address).toBe("/api/v1/builds/b12/log?after=2");
  });

  test("leaves it to the browser to take up a broken line", () => {
    vi.useFakeTimers();
    const { log } = opened();
    const first = Source.last;
    first.fail(0);
    vi.advanceTimersByTime(60_000);
    expect([Source.last === first, log.store.getState().state]).toEqual([true, "lost"]);
  });

  test("tells steps and the end, and asks no more then", () => {
    const onStep = vi.fn();
    const onEnd = vi.fn();
    const { log } = opened({ onStep, onEnd });
    Source.last.tell("step", step());
    Source.last.tell("end", { state: "failed" });
    expect(onStep.mock.calls).toEqual([[step()]]);
    expect(onEnd.mock.calls).toEqual([["failed"]]);
    expect([Source.last.isClosed, log.store.getState().state]).toEqual([true, "ended"]);
  });

  test("keeps no more than can be read", () => {
    const { log, tell } = opened({ most: 2 });
    tell(line(1, "a"), line(2, "b"), line(3, "c"));
    expect([log.lines.length, log.store.getState().cut]).toEqual([2, true]);
  });
});

describe("reading", () => {
  test("finds words whatever their case and colour, onwards and back round the ends, also in what comes later", () => {
    const { reading, tell } = opened();
    tell(line(1, "Error one"), line(2, "fine"), line(3, "\u001b[31mer\u001b[0mror two"));
    reading.look("error");
    expect([reading.state.found, reading.state.find, reading.state.goal]).toEqual([2, 0, { kind: "line", index: 0 }]);
    reading.step(1);
    reading.step(1);
    expect(reading.state.find).toBe(0);
    reading.step(-1);
    expect(reading.state.goal).toEqual({ kind: "line", index: 2 });
    tell(line(4, "the last ERROR"));
    expect(reading.state.found).toBe(3);
    reading.look("");
    expect(reading.state.finds).toBeNull();
  });

  test("goes to a line that a link names, as soon as that has come, and opens its step", () => {
    const { reading, tell } = opened();
    reading.fold(1);
    reading.choose(rangeOfHash("#L2"));
    expect(reading.state.goal).toBeNull();
    tell(line(1, "a"), line(2, "b"));
    expect([reading.state.goal, reading.state.folded.size]).toEqual([{ kind: "line", index: 1 }, 0]);
  });

  test("lines are chosen from one to another, named by the address and copied without colours", () => {
    const { reading, tell } = opened();
    tell(line(1, "a"), line(2, "\u001b[31mb\u001b[0m"), line(3, "c"), line(4, "d"));
    reading.link(3);
    reading.link(2, true);
    expect(location.hash).toBe("#L2-L3");
    expect(reading.state.chosen && [sayRange(reading.state.chosen), reading.textOf(reading.state.chosen)]).toEqual(["Lines 2–3", "b\nc"]);
    reading.link(4);
    expect(location.hash).toBe("#L4");
    reading.letGo();
    expect([location.hash, reading.state.chosen]).toEqual(["", null]);
    const range = { from: 12, to: 20 };
    expect([rangeOfHash("#L20-L12"), rangeOfHash("#L12-20"), rangeOfHash(hashOf(range)), rangeOfHash("#top"), rangeOfHash("")]).toEqual([range, range, range, null, null]);
  });

  test("lets go of the newest line when it goes elsewhere, and folds all or none", () => {
    const { reading, tell } = opened();
    tell(line(1, "a"), line(2, "b", 2));
    reading.toEnd();
    expect(reading.state.follows).toBe(true);
    reading.toStep(1);
    expect(reading.state.follows).toBe(false);
    reading.foldAll([1, 2]);
    expect([...reading.state.folded]).toEqual([1, 2]);
    reading.foldAll([1, 2]);
    expect(reading.state.folded.size).toBe(0);
  });
});

describe("rows", () => {
  const many = Array.from({ length: 100_000 }, (_, at) => at);
  const rows = new Rows([
    { step: 1, lines: many.slice(0, 50_000), folded: false },
    { step: 2, lines: [], folded: false },
    { step: 3, lines: many.slice(50_000), folded: true },
  ]);

  test("only what is in view is there", () => {
    expect(rows.height).toBe(3 * HEAD + 50_000 * LINE);
    const seen = rows.between(10_000, 10_200);
    expect(seen.length).toBeLessThan(13);
    expect(seen.every(({ top }) => top > 10_000 - LINE && top < 10_200)).toBe(true);
  });

  test("heads stand above their lines, one below the other", () => {
    expect(rows.between(0, HEAD + LINE).map(({ kind }) => kind)).toEqual(["head", "line"]);
    const foot = rows.between(rows.height - 2 * HEAD, rows.height);
    expect(foot.map((row) => [row.kind, row.section])).toEqual([["head", 1], ["head", 2]]);
  });

  test("a line is found where it stands, unless its step is folded", () => {
    expect(rows.topOfLine(1, 49_999)).toBe(HEAD + 49_999 * LINE);
    expect([rows.topOfLine(3, 60_000), rows.topOfLine(9, 1)]).toEqual([-1, -1]);
    expect(rows.sectionAt(HEAD + 50_000 * LINE + 1)).toBe(1);
  });
});

test("finds are marked across colours", () => {
  const spans = [{ text: "an er", className: "" }, { text: "ror", className: "ansi-red" }, { text: " error", className: "" }];
  expect(withFinds(spans, "ERROR").map(({ text, found }) => (found ? `[${text}]` : text))).toEqual(["an ", "[er]", "[ror]", " ", "[error]"]);
  expect(withFinds(spans, "no").every(({ found }) => !found)).toBe(true);
});
