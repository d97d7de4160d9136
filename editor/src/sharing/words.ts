/** What the pages say about access, in whole sentences. */
import { sayTime } from "../shared/components/time";
import type { Access, Grant, GrantKind, Link, Person } from "./types";

export type Everybody = "nobody" | "preview" | "all";

/** What everybody may see, besides whoever is let in. */
export function everybodyOf({ visibility, public: isPublic }: Pick<Access, "visibility" | "public">): Everybody {
  if (visibility === "public") return "all";
  return isPublic ? "preview" : "nobody";
}

/** "a", "a and b", "a, b and c". */
export function listed(words: readonly string[], last = "and"): string {
  if (words.length < 2) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1) ?? ""}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Who can see the preview now. */
export function sayWho(access: Access): string {
  const everybody = everybodyOf(access);
  if (everybody === "all") return "Everybody can see the preview and the files.";
  if (everybody === "preview") return "Everybody who has the address can see the preview.";
  if (!access.may.manage) return "Members can see the preview, and whoever an owner lets in.";
  const others = waysIn(access);
  const paths = access.public_paths.length;
  const open = paths > 0 ? ` Everybody can see ${paths === 1 ? access.public_paths[0] : `${paths} paths`}.` : "";
  if (others.length === 0) return `Only members can see the preview.${open}`;
  return `${capital(listed(["members", ...others]))} can see the preview.${open}`;
}

function waysIn({ people, links, code, password, addresses }: Access): string[] {
  const [first] = people;
  const keys = [
    ...(links.length > 0 ? [links.length === 1 ? "the link" : `one of ${links.length} links`] : []),
    ...(code ? ["the code"] : []),
    ...(password ? ["the password"] : []),
  ];
  return [
    ...(people.length === 1 && first ? [nameOfPerson(first)] : people.length > 1 ? [`${people.length} people`] : []),
    ...(keys.length > 0 ? [`whoever has ${listed(keys, "or")}`] : []),
    ...(addresses.length > 0 ? [`visitors from ${counted(addresses.length, "network")}`] : []),
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function nameOfPerson({ display_name, account, email }: Person): string {
  return display_name || account || email || "Somebody";
}

export function nameOfLink({ label }: Pick<Link, "label">): string {
  return label || "Link without a name";
}

/** "Not used yet", "Used once", "2 of 5 uses". */
export function sayUses({ uses, max_uses: most }: { uses: number; max_uses: number | null }): string {
  if (most !== null) return `${uses} of ${counted(most, "use")}`;
  if (uses === 0) return "Not used yet";
  return uses === 1 ? "Used once" : `Used ${uses} times`;
}

export function sayEnd(expiresAt: string | null, now: Date): string {
  return expiresAt === null ? "no end" : `ends ${sayTime(new Date(expiresAt), now)}`;
}

const WAYS: Record<GrantKind, string> = {
  member: "Member",
  person: "Let in by name",
  link: "By a link",
  code: "By the code",
  password: "By the password",
  request: "Asked, and was allowed",
};

/** Who came in, and by what. A link's label says by which one, not who. */
export function sayVisitor({ kind, who, account }: Grant): { name: string; way: string } {
  if (kind === "link") return { name: "Visitor", way: who ? `By the link “${who}”` : WAYS.link };
  return { name: who || account || "Visitor", way: WAYS[kind] };
}

/** Members, and people let in by name, sign in again; all others need what they came by, or a new answer. */
export function comesBack({ kind }: Pick<Grant, "kind">): boolean {
  return kind === "member" || kind === "person";
}

export function sayReturn({ kind, who }: Grant): string {
  if (kind === "request") return `${who || "The visitor"} has to ask again to come back.`;
  if (kind === "link") return "The visitor can come back by the link as long as it works.";
  return `The visitor can come back with the ${kind} as long as it works.`;
}

/** What ending everything costs. */
export function sayLoss(grants: readonly Grant[]): string {
  const back = grants.filter(comesBack).length;
  const asked = grants.filter(({ kind }) => kind === "request").length;
  const others = grants.length - back - asked;
  const sentences = [
    "Whatever is open is cut off at once.",
    ...(back > 0 ? [`${counted(back, "member or person", "members and people")} can come back by signing in.`] : []),
    ...(others > 0 ? [`${counted(others, "visitor")} can come back by what they came by, as long as it works.`] : []),
    ...(asked > 0 ? [`${counted(asked, "visitor")} who asked must ask again.`] : []),
  ];
  return sentences.join(" ");
}
