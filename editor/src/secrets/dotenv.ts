/** Lines of `NAME=value`, as people keep them in .env files. */
import type { Entry } from "./types";

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/;
const QUOTED = /^(["'])(.*)\1(?:\s+#.*)?$/;
const ESCAPES: Record<string, string> = { "\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\" };

/** What the text sets, the last of a name counting; empty where a line that is neither that nor a comment is in it. */
export function entriesOf(text: string): Entry[] {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const match = LINE.exec(line);
    if (!match?.[1]) return [];
    found.set(match[1], valueOf(match[2] ?? ""));
  }
  return [...found].map(([name, value]) => ({ name, value }));
}

function valueOf(text: string): string {
  const quoted = QUOTED.exec(text);
  if (!quoted) return text.replace(/\s+#.*$/, "");
  const inner = quoted[2] ?? "";
  return quoted[1] === '"' ? inner.replace(/\\[nrt"\\]/g, (escape) => ESCAPES[escape] ?? escape) : inner;
}
