/** Names of projects, as the server takes them; it has the last word. */
const NAME = /^[a-z0-9](-?[a-z0-9])*$/;
const LONGEST = 39;

/** A sentence about what is wrong with a name, or null. */
export function complaintAbout(name: string): string | null {
  if (name === "") return "Give the project a name.";
  if (name.length > LONGEST) return `A name has at most ${LONGEST} characters; this one has ${name.length}.`;
  if (!NAME.test(name)) return "Use small letters, digits and single hyphens between them, as in my-site.";
  return null;
}

/** The nearest good name: of a repository's address, a file, a template. */
export function nameFrom(text: string): string {
  const last = text.split(/[\\/:]/).filter(Boolean).at(-1) ?? "";
  const bare = last.replace(/\.(git|zip|tar|tgz|tar\.gz)$/i, "");
  const plain = bare.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").slice(0, LONGEST).replace(/^-+|-+$/g, "");
}

/** `wanted`, or `wanted-2`, `wanted-3`, … where that is taken. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}
