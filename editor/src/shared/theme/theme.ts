/** Which look the user chose: kept in a cookie, so that the server's page comes in it without a flash. */
export type Theme = "system" | "light" | "dark" | "contrast";

export const themes: readonly { id: Theme; label: string; hint: string }[] = [
  { id: "system", label: "Like the system", hint: "Follows light and dark" },
  { id: "light", label: "Light", hint: "For bright rooms" },
  { id: "dark", label: "Dark", hint: "For the evening" },
  { id: "contrast", label: "High contrast", hint: "Strongest lines and text" },
];

const COOKIE = "firefly-theme";
const YEAR = 365 * 24 * 3600;

export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return themes.find((theme) => theme.id === chosen)?.id ?? "system";
}

export function chooseTheme(theme: Theme): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  if (theme === "system") {
    delete document.documentElement.dataset["theme"];
    document.cookie = `${COOKIE}=; Path=/; Max-Age=0; SameSite=Lax${secure}`;
  } else {
    document.documentElement.dataset["theme"] = theme;
    document.cookie = `${COOKIE}=${theme}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
  }
}

/** Whether the page is dark now; editors and terminals ask. */
export function isDark(): boolean {
  return getComputedStyle(document.documentElement).colorScheme === "dark";
}

/** Calls `changed` when the look changes, by choice or by the system. Returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", changed);
  };
}
