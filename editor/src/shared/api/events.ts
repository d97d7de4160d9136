/** The stream of everything that changes: opened once, resumed where it broke off, opened anew when it ends. */
import { reach, type Reach } from "./reach";
import { PREFIX } from "./transport";
import type { ServerEvent } from "./types";

export interface EventStreamOptions {
  /** The kinds to listen to; the server sends each under its own name. */
  kinds: readonly string[];
  onEvent: (event: ServerEvent) => void;
  /** Something may have been missed: load again what is shown. */
  onReset: () => void;
  /** From here on nothing is missed; what was loaded before may have changed meanwhile. */
  onOpen?: () => void;
  onState?: (connected: boolean) => void;
  reach?: Pick<Reach, "lost" | "found">;
  makeSource?: (address: string) => EventSource;
}

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

export class EventStream {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT;
  private lastId = "";
  private readonly reach: Pick<Reach, "lost" | "found">;

  constructor(private readonly options: EventStreamOptions) {
    this.reach = options.reach ?? reach;
    this.open();
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private open(): void {
    const resume = this.lastId ? `?last_event_id=${encodeURIComponent(this.lastId)}` : "";
    const make = this.options.makeSource ?? ((address) => new EventSource(address));
    const source = make(`${PREFIX}/events${resume}`);
    this.source = source;
    source.onopen = () => {
      this.wait = FIRST_WAIT;
      this.options.onState?.(true);
      this.reach.found();
    };
    source.onerror = () => {
      this.options.onState?.(false);
      this.reach.lost();
      // A browser goes on by itself after a broken line, not after a refusal (a restart, a session that ended).
      if (source.readyState === EventSource.CLOSED) this.openLater();
    };
    source.addEventListener("stream.open", (event: MessageEvent<string>) => {
      this.remember(event);
      this.options.onOpen?.();
    });
    source.addEventListener("stream.reset", (event: MessageEvent<string>) => {
      this.remember(event);
      this.options.onReset();
    });
    for (const kind of this.options.kinds)
      source.addEventListener(kind, (event: MessageEvent<string>) => this.receive(kind, event));
  }

  private openLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  private readonly remember = (event: MessageEvent<string>): void => {
    if (event.lastEventId) this.lastId = event.lastEventId;
  };

  private receive(kind: string, event: MessageEvent<string>): void {
    this.remember(event);
    this.options.onEvent({ kind, data: JSON.parse(event.data) as Record<string, unknown>, id: event.lastEventId });
  }
}
