import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventStream, type ServerEvent } from "../../src/shared/api";

class FakeSource extends EventTarget {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readyState = 1;
  closed = false;

  constructor(readonly address: string) {
    super();
    sources.push(this);
  }

  close(): void {
    this.closed = true;
  }

  tell(kind: string, data: unknown, lastEventId: string): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data), lastEventId }));
  }

  refuse(): void {
    this.readyState = 2;
    this.onerror?.();
  }
}

let sources: FakeSource[] = [];

function begin() {
  const events: ServerEvent[] = [];
  const onReset = vi.fn();
  const onOpen = vi.fn();
  const states: boolean[] = [];
  const stream = new EventStream({
    kinds: ["project.changed"],
    onEvent: (event) => events.push(event),
    onReset,
    onOpen,
    onState: (connected) => states.push(connected),
    makeSource: (address) => new FakeSource(address) as unknown as EventSource,
  });
  return { stream, events, onReset, onOpen, states };
}

const newest = (): FakeSource => sources.at(-1) ?? expect.fail("no stream was opened");

beforeEach(() => {
  sources = [];
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", { CLOSED: 2 });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the stream of events", () => {
  it("hands on each event of the kinds that are listened to", () => {
    const { events } = begin();
    newest().tell("project.changed", { project_id: "p1" }, "boot-4");
    newest().tell("unknown", {}, "boot-5");
    expect(events).toEqual([{ kind: "project.changed", data: { project_id: "p1" }, id: "boot-4" }]);
  });

  it("asks for everything anew when the server lost the thread", () => {
    const { onReset, onOpen } = begin();
    newest().tell("stream.open", {}, "boot-0");
    expect([onReset.mock.calls.length, onOpen.mock.calls.length]).toEqual([0, 1]);
    newest().tell("stream.reset", {}, "other-0");
    expect(onReset).toHaveBeenCalledOnce();
  });

  it("opens again after a refusal, from the last event, waiting longer each time", () => {
    const { states } = begin();
    newest().tell("project.changed", {}, "boot-7");
    newest().refuse();
    vi.advanceTimersByTime(999);
    expect(sources).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(newest().address).toBe("/api/v1/events?last_event_id=boot-7");
    newest().refuse();
    vi.advanceTimersByTime(1999);
    expect(sources).toHaveLength(2);
    vi.advanceTimersByTime(1);
    newest().onopen?.();
    expect([sources.length, states]).toEqual([3, [false, false, true]]);
  });

  it("leaves a broken line to the browser, which goes on by itself", () => {
    begin();
    newest().readyState = 0;
    newest().onerror?.();
    vi.advanceTimersByTime(60_000);
    expect(sources).toHaveLength(1);
  });

  it("stays closed once it is closed", () => {
    const { stream } = begin();
    newest().refuse();
    stream.close();
    vi.advanceTimersByTime(60_000);
    expect([sources.length, newest().closed]).toEqual([1, true]);
  });
});
