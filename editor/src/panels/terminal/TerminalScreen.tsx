import { FitAddon } from "@xterm/addon-fit";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { type ITheme, Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef } from "react";
import { isDark, watchTheme } from "../../shared/theme/theme";
import type { Screen } from "../../workbench/actions/terminals";
import { isKey } from "../../workbench/platform";

/** The shells that screens are for, by their names. */
export interface Shells {
  type(name: string, data: string): void;
  resize(name: string, cols: number, rows: number): void;
  /** Returns how to take the screen away. */
  show(name: string, screen: Screen): () => void;
}

const ours = ["Ctrl+`", "Ctrl+Shift+`", "F6", "Shift+F6", "F1", "Alt+1", "Alt+2", "Alt+3"];

/** xterm.js, for as long as it is looked at; the shell itself, with what it has printed, lives in the sandbox. */
export default function TerminalScreen({ name, title, shells }: { name: string; title: string; shells: Shells }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const terminal = new Terminal({
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-code"),
      fontSize: 13,
      lineHeight: 1.25,
      scrollback: 5_000,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      minimumContrastRatio: 4.5,
      theme: themeNow(),
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.loadAddon(new WebLinksAddon((_event, url) => window.open(url, "_blank", "noopener")));
    terminal.open(element);
    terminal.textarea?.setAttribute("data-focus", "");
    terminal.textarea?.setAttribute("aria-label", `${title}. F6 leaves it.`);
    fit.fit();
    terminal.attachCustomKeyEventHandler((event) => !ours.some((key) => isKey(event, key)));
    terminal.onData((data) => shells.type(name, data));
    terminal.onResize(({ cols, rows }) => shells.resize(name, cols, rows));
    const leave = shells.show(name, {
      write: (data) => terminal.write(data),
      reset: () => terminal.reset(),
      get cols() {
        return terminal.cols;
      },
      get rows() {
        return terminal.rows;
      },
    });
    const observer = new ResizeObserver(() => {
      if (element.clientHeight > 0) fit.fit();
    });
    observer.observe(element);
    const unwatch = watchTheme(() => {
      terminal.options.theme = themeNow();
    });
    terminal.focus();
    return () => {
      observer.disconnect();
      unwatch();
      leave();
      terminal.dispose();
    };
  }, [name, title, shells]);
  return <div ref={place} className="wb-screen" />;
}

const light = ["#191c22", "#b8322a", "#18794a", "#8a5a0c", "#1f5fc4", "#8250a8", "#0b7285", "#535b69"];
const dark = ["#3a414d", "#ff8078", "#56c791", "#f6c453", "#79b4ff", "#c9a2f2", "#5fd0dd", "#e9ebef"];

function themeNow(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  const [black, red, green, yellow, blue, magenta, cyan, white] = isDark() ? dark : light;
  return {
    background: value("--bg"),
    foreground: value("--text"),
    cursor: value("--code-caret") || value("--text"),
    cursorAccent: value("--bg"),
    selectionBackground: value("--code-selection") || value("--selection"),
    ...{ black, red, green, yellow, blue, magenta, cyan, white },
    ...{ brightBlack: value("--text-faint"), brightRed: red, brightGreen: green, brightYellow: yellow },
    ...{ brightBlue: blue, brightMagenta: magenta, brightCyan: cyan, brightWhite: value("--text") },
  };
}
