/** One project's domains, and all that changes them. */
import { asProblem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { Loaded } from "../shared/Loaded";
import type { DomainsApi } from "./api";
import type { Domain } from "./types";
import { isInService } from "./words";

export class Domains extends Loaded<Domain[]> {
  constructor(
    private readonly api: DomainsApi,
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => api.list());
  }

  /** Throws the problem: the host may be none, or somebody else's. */
  async add(host: string, port: number | null): Promise<void> {
    await this.api.add(host.trim().toLowerCase(), port);
    await this.load();
  }

  async check(domain: Domain): Promise<void> {
    try {
      const checked = await this.api.check(domain.id);
      this.show((domains) => domains.map((one) => (one.id === checked.id ? checked : one)));
      if (isInService(checked)) this.say(`${checked.name} is in service.`);
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
    }
  }

  /** `mayAdd`: whether whoever removes it could bring it back. */
  async remove(domain: Domain, mayAdd: boolean): Promise<void> {
    try {
      await this.ahead((domains) => domains.filter(({ id }) => id !== domain.id), () => this.api.remove(domain.id));
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
      return;
    }
    const undo = (): void => void this.add(domain.host, domain.port).catch((thrown: unknown) => this.say(asProblem(thrown).detail, { kind: "problem" }));
    this.say(`${domain.name} shows nothing any more.`, mayAdd ? { undo } : {});
  }
}
