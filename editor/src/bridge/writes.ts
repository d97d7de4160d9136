import { Code, Disconnected, RpcError } from "./errors";
import type { RpcClient } from "./rpc";

export type Outcome =
  | { kind: "saved"; version: string; text: string }
  | { kind: "conflict"; version: string; text: string }
  | { kind: "failed"; error: Error };

interface Pending {
  path: string;
  text: string;
  version: string | null;
  done: ((outcome: Outcome) => void)[];
  inFlight: boolean;
}

/**
 * Saves that the bridge has not acknowledged. They survive a lost connection: `resend` sends them again, and the
 * version check tells a write that was lost from one whose answer was lost.
 */
export class PendingWrites {
  private readonly pending = new Map<string, Pending>();

  constructor(
    private readonly rpc: RpcClient,
    private readonly onChange: (paths: readonly string[]) => void = () => undefined,
  ) {}

  get paths(): string[] {
    return [...this.pending.keys()];
  }

  /** A later save of the same path takes the place of one that has not been sent; one that has is waited for. */
  save(path: string, text: string, version: string | null): Promise<Outcome> {
    return new Promise((resolve) => {
      const earlier = this.pending.get(path);
      if (earlier?.inFlight) {
        earlier.done.push((outcome) => void this.follow(path, text, outcome).then(resolve));
        return;
      }
      const done = [...(earlier?.done ?? []), resolve];
      this.put({ path, text, version: earlier ? earlier.version : version, done, inFlight: false });
      void this.send(path);
    });
  }

  resend(): void {
    for (const path of this.paths) void this.send(path);
  }

  /** A file was renamed while its save waits. */
  rename(from: string, to: string): void {
    const write = this.pending.get(from);
    if (!write || write.inFlight) return;
    this.pending.delete(from);
    this.put({ ...write, path: to });
  }

  private follow(path: string, text: string, outcome: Outcome): Promise<Outcome> {
    return outcome.kind === "saved" ? this.save(path, text, outcome.version) : Promise.resolve(outcome);
  }

  private put(write: Pending): void {
    this.pending.set(write.path, write);
    this.onChange(this.paths);
  }

  private async send(path: string): Promise<void> {
    const write = this.pending.get(path);
    if (!write || write.inFlight) return;
    write.inFlight = true;
    try {
      this.finish(write, await this.attempt(write));
    } catch (error) {
      write.inFlight = false;
      if (!(error instanceof Disconnected)) {
        this.finish(write, { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) });
      }
    }
  }

  private async attempt(write: Pending): Promise<Outcome> {
    const { path, text, version } = write;
    try {
      const written = await this.rpc.call("files.write", { path, text, version });
      return { kind: "saved", version: written.version, text };
    } catch (error) {
      if (!(error instanceof RpcError) || (error.code !== Code.versionConflict && error.code !== Code.exists)) throw error;
      const theirs = await this.theirs(path, error);
      return theirs.text === text ? { kind: "saved", ...theirs } : { kind: "conflict", ...theirs };
    }
  }

  private async theirs(path: string, error: RpcError): Promise<{ version: string; text: string }> {
    const { version, text } = error.data;
    if (typeof version === "string" && typeof text === "string") return { version, text };
    try {
      const content = await this.rpc.call("files.read", { path });
      return { version: content.version, text: content.text ?? "" };
    } catch (gone) {
      if (gone instanceof RpcError && gone.code === Code.notFound) return { version: "", text: "" };
      throw gone;
    }
  }

  private finish(write: Pending, outcome: Outcome): void {
    this.pending.delete(write.path);
    this.onChange(this.paths);
    for (const done of write.done) done(outcome);
  }
}
