/** Where the preview is: the application's main port has the project's own host, another port a label before it. */
export function previewUrl(base: string, port: number | null, path: string): string {
  const url = new URL(base);
  if (port !== null) url.host = `${port}--${url.host}`;
  return new URL(path, url).href;
}

/** A path, or an address on the preview's own host, as a path; null for one that leads elsewhere. */
export function pathOf(typed: string, base: string, port: number | null): string | null {
  const text = typed.trim();
  if (!/^[a-z][a-z\d+.-]*:/i.test(text)) return text.startsWith("/") ? text : `/${text}`;
  try {
    const url = new URL(text);
    return url.host === new URL(previewUrl(base, port, "/")).host ? url.pathname + url.search + url.hash : null;
  } catch {
    return null;
  }
}
