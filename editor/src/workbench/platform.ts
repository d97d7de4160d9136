const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** `Mod+S` as it is written on this machine's keyboards: `⌘S` or `Ctrl+S`. */
export function sayKey(key: string): string {
  if (!isMac) return key.replace("Mod", "Ctrl");
  return key.replace("Mod+", "⌘").replace("Shift+", "⇧").replace("Alt+", "⌥").replace("Ctrl+", "⌃");
}

/** Whether `event` is `key`, e.g. `Mod+Shift+P`. */
export function isKey(event: KeyboardEvent, key: string): boolean {
  const parts = key.split("+");
  const last = parts.at(-1) ?? "";
  const wants = (name: string): boolean => parts.includes(name);
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const ctrl = isMac && event.ctrlKey;
  return (
    (event.key.toLowerCase() === last.toLowerCase() || event.code === `Key${last}` || (last === "`" && event.code === "Backquote")) &&
    mod === (wants("Mod") || (wants("Ctrl") && !isMac)) &&
    ctrl === (wants("Ctrl") && isMac) &&
    event.shiftKey === wants("Shift") &&
    event.altKey === wants("Alt")
  );
}
