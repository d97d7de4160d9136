/** Paths are relative and POSIX; "" is the workspace itself. */

export function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "" : path.slice(0, end);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function join(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}

export function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

/** Where `path` is after `from` became `to`; null when it is not touched. */
export function moved(path: string, from: string, to: string): string | null {
  return isWithin(path, from) && from !== "" ? to + path.slice(from.length) : null;
}

/** Why `name` cannot name a file, or null. */
export function nameProblem(name: string): string | null {
  if (!name.trim()) return "Give it a name.";
  if (name.startsWith("/")) return "A name does not begin with a slash.";
  const parts = name.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) return "“.”, “..” and empty parts are not names.";
  if (parts.includes(".git")) return "“.git” belongs to git.";
  return name.includes("\0") ? "A name has no NUL character." : null;
}
