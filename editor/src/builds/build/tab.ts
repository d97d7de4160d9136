/** The browser's tab tells how a build stands, by its title and its icon. */
import { useEffect } from "react";
import type { Build } from "../types";
import { lookOf, type Mark } from "../words";

const SIGNS: Record<Mark, string> = { waiting: "‖", queued: "○", running: "●", good: "✓", bad: "✗", ended: "–", skipped: "–" };
const RING = '<circle cx="12" cy="12" r="9" fill="none" stroke-width="4"';
const DISC = '<circle cx="12" cy="12" r="11"';
const STROKE = 'fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"';

/** By shape as much as by colour. */
const ICONS: Record<Mark, string> = {
  waiting: `${RING} stroke="#b7791f"/><path d="M9.5 9v6M14.5 9v6" stroke="#b7791f" stroke-width="2.5"/>`,
  queued: `${RING} stroke="#868e9c" stroke-dasharray="5 4"/>`,
  running: `${RING} stroke="#d9a441" stroke-dasharray="38 20"/>`,
  good: `${DISC} fill="#18794a"/><path d="m7 12.5 3.5 3.5L17 9" ${STROKE}/>`,
  bad: `${DISC} fill="#b8322a"/><path d="m8 8 8 8m0-8-8 8" ${STROKE}/>`,
  ended: `${RING} stroke="#868e9c"/><path d="M7 17 17 7" stroke="#868e9c" stroke-width="3"/>`,
  skipped: `${DISC} fill="#868e9c"/><path d="M7 12h10" ${STROKE}/>`,
};

export function titleOf(build: Build): string {
  return `${SIGNS[lookOf(build.state).mark]} ${build.subject || build.branch} · #${build.number} · ${build.project}`;
}

export function iconOf({ state }: Pick<Build, "state">): string {
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${ICONS[lookOf(state).mark]}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(picture)}`;
}

export function useTab(build: Build | null): void {
  useEffect(() => {
    if (build) document.title = titleOf(build);
  }, [build]);
  const icon = build && iconOf(build);
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (!link || !icon) return;
    const before = link.href;
    link.href = icon;
    return () => {
      link.href = before;
    };
  }, [icon]);
}
