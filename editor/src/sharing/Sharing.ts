/** One project's access, and all that changes it: calls, events, what the user does and undoes. */
import { asProblem } from "../shared/api";
import { showToast } from "../shared/components/toasts";
import { Loaded } from "../shared/Loaded";
import type { AccessApi } from "./api";
import type { Access, Grant, Link, LinkWanted, NewCode, NewLink, Person, Policy } from "./types";
import { comesBack, type Everybody, everybodyOf, nameOfLink, nameOfPerson } from "./words";

const SAID: Record<Everybody, string> = {
  nobody: "Only who you let in can see the preview now.",
  preview: "Everybody can see the preview now.",
  all: "Everybody can see the preview and the files now.",
};

const same = (access: Access): Access => access;

function whoIs(text: string): { account: string } | { email: string } {
  const given = text.trim();
  return given.includes("@") ? { email: given } : { account: given.toLowerCase() };
}

export class Sharing extends Loaded<Access> {
  constructor(
    private readonly api: AccessApi,
    private readonly say: typeof showToast = showToast,
  ) {
    super(() => api.look());
  }

  heard(): void {
    void this.load();
  }

  async setEverybody(wanted: Everybody): Promise<void> {
    const access = this.value;
    if (!access) return;
    const before = everybodyOf(access);
    const undo = access.may.widen ? () => void this.putEverybody(before) : undefined;
    if (await this.putEverybody(wanted)) this.say(SAID[wanted], undo ? { undo } : {});
  }

  private putEverybody(wanted: Everybody): Promise<boolean> {
    const visibility = wanted === "all" ? "public" : "members";
    const isPublic = wanted === "preview";
    return this.attempt(
      (access) => ({ ...access, visibility, public: isPublic }),
      async (access) => {
        if (access.public !== isPublic) await this.api.setPolicy({ public: isPublic });
        if (access.visibility !== visibility) await this.api.setVisibility(visibility);
      },
    );
  }

  /** An account's name or an e-mail address. Throws the problem. */
  async addPerson(text: string): Promise<void> {
    await this.change(same, () => this.api.addPerson(whoIs(text)));
  }

  async removePerson(person: Person): Promise<void> {
    const done = await this.attempt(
      (access) => ({ ...access, people: access.people.filter(({ id }) => id !== person.id) }),
      () => this.api.removePerson(person.id),
    );
    if (!done) return;
    const undo = (): void => void this.attempt(same, () => this.api.addPerson(whoIs(person.account ?? person.email ?? "")));
    this.say(`${nameOfPerson(person)} is let in no longer.`, this.mayWiden ? { undo } : {});
  }

  makeLink(wanted: LinkWanted): Promise<NewLink> {
    return this.change(same, () => this.api.makeLink(wanted));
  }

  async endLink(link: Link): Promise<void> {
    const done = await this.attempt(
      (access) => ({ ...access, links: access.links.filter(({ id }) => id !== link.id) }),
      () => this.api.endLink(link.id),
    );
    if (done) this.say(`“${nameOfLink(link)}” works no longer.`);
  }

  makeCode(seconds: number): Promise<NewCode> {
    return this.change(same, () => this.api.makeCode({ expires_in: seconds }));
  }

  async endCode(): Promise<void> {
    if (await this.attempt((access) => ({ ...access, code: null }), () => this.api.endCode())) this.say("The code works no longer.");
  }

  async setPassword(password: string): Promise<void> {
    await this.change(same, () => this.api.setPassword(password));
  }

  async endPassword(): Promise<void> {
    const done = await this.attempt((access) => ({ ...access, password: null }), () => this.api.endPassword());
    if (done) this.say("The password works no longer.");
  }

  /** Throws the problem: what is added may be no network or no path. */
  async addTo(list: "addresses" | "public_paths", value: string): Promise<void> {
    const before = this.value?.[list] ?? [];
    await this.change(same, () => this.api.setPolicy({ [list]: [...before, value.trim()] }));
  }

  async removeFrom(list: "addresses" | "public_paths", value: string): Promise<void> {
    const before = this.value?.[list] ?? [];
    await this.setPolicy({ [list]: before.filter((one) => one !== value) }, { [list]: before }, `${value} is no longer open.`);
  }

  async setPreflights(wanted: boolean): Promise<void> {
    const said = wanted ? "Preflights are answered for everybody now." : "Preflights need access again.";
    await this.setPolicy({ public_preflights: wanted }, { public_preflights: !wanted }, said);
  }

  async setWorkers(wanted: boolean): Promise<void> {
    const said = wanted ? "The preview may keep service workers now." : "New service workers are refused now.";
    await this.setPolicy({ service_workers: wanted }, { service_workers: !wanted }, said);
  }

  private async setPolicy(change: Partial<Policy>, back: Partial<Policy>, said: string): Promise<void> {
    const put = (policy: Partial<Policy>): Promise<boolean> =>
      this.attempt((access) => ({ ...access, ...policy }), () => this.api.setPolicy(policy));
    if (!(await put(change))) return;
    this.say(said, this.mayWiden ? { undo: () => void put(back) } : {});
  }

  async endGrant(grant: Grant, name: string): Promise<void> {
    const done = await this.attempt(
      (access) => ({ ...access, grants: access.grants.filter(({ id }) => id !== grant.id) }),
      () => this.api.endGrant(grant.id),
    );
    if (done) this.say(comesBack(grant) ? `${name} is out, and comes back by signing in.` : `${name} is out.`);
  }

  async endGrants(): Promise<void> {
    const done = await this.attempt((access) => ({ ...access, grants: [] }), () => this.api.endGrants());
    if (done) this.say("Everybody is out.");
  }

  private get mayWiden(): boolean {
    return this.value?.may.widen ?? false;
  }

  /** As `change`; a problem is told, not thrown. */
  private async attempt(ahead: (access: Access) => Access, call: (access: Access) => Promise<unknown>): Promise<boolean> {
    try {
      await this.change(ahead, call);
      return true;
    } catch (thrown) {
      this.say(asProblem(thrown).detail, { kind: "problem" });
      return false;
    }
  }

  /** Shows what a change leads to while it is made; then what the server says, which may be that it was refused. */
  private async change<Answer>(ahead: (access: Access) => Access, call: (access: Access) => Promise<Answer>): Promise<Answer> {
    const access = this.value;
    if (!access) throw new Error("Access is not known yet");
    try {
      return await this.ahead(ahead, () => call(access));
    } finally {
      await this.load();
    }
  }
}
