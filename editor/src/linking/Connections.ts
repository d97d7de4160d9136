/** One's connections, and all that changes them. */
import { asProblem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { Loaded } from "../shared/Loaded";
import type { LinkingApi, NewToken } from "./api";
import type { Connected, Connection, Need, Provider } from "./types";

export class Connections extends Loaded<Connected> {
  constructor(
    readonly api: LinkingApi,
    private readonly say: typeof showToast = showToast,
    private readonly leave: (url: string) => void = (url) => location.assign(url),
  ) {
    super(() => api.connected());
  }

  /** To the provider's page, and back to where we are. */
  async authorize({ provider }: Pick<Provider, "provider">, need: Need, next: string): Promise<void> {
    try {
      this.leave(await this.api.authorize(provider, need, next));
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
  }

  /** Throws the problem. */
  async connect(given: NewToken): Promise<void> {
    const made = await this.api.connect(given);
    await this.load();
    this.say(`You are connected as ${made.login}.`);
  }

  async check(connection: Connection): Promise<void> {
    await this.attempt(async () => {
      const found = await this.api.check(connection.id);
      if (found.state === "working") this.say(`The connection to ${found.url} works.`);
    });
  }

  async disconnect(connection: Connection): Promise<void> {
    await this.attempt(async () => {
      const { left } = await this.api.disconnect(connection.id);
      this.say(left || "You are disconnected.");
    });
  }

  private async attempt(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
    await this.load();
  }
}
