/** A small picture of what a template shows, drawn with the page's own colours. */
import type { ReactNode } from "react";

const pictures: Record<string, ReactNode> = {
  static: (
    <>
      <rect className="pic-strong" x="16" y="26" width="62" height="8" rx="2" />
      <rect className="pic-soft" x="16" y="40" width="88" height="4" rx="2" />
      <rect className="pic-soft" x="16" y="48" width="74" height="4" rx="2" />
      <rect className="pic-accent" x="16" y="60" width="30" height="10" rx="3" />
      <rect className="pic-soft" x="112" y="26" width="32" height="44" rx="4" />
    </>
  ),
  "vite-react": (
    <g className="pic-line" transform="translate(80 49)">
      <ellipse rx="30" ry="11" />
      <ellipse rx="30" ry="11" transform="rotate(60)" />
      <ellipse rx="30" ry="11" transform="rotate(120)" />
      <circle className="pic-accent" r="5" />
    </g>
  ),
  express: (
    <>
      <rect className="pic-soft" x="14" y="28" width="40" height="12" rx="3" />
      <rect className="pic-soft" x="14" y="46" width="40" height="12" rx="3" />
      <rect className="pic-soft" x="14" y="64" width="40" height="12" rx="3" />
      <path className="pic-line" d="M56 34h22l10 16M56 52h32M56 70h22l10-16" />
      <rect className="pic-accent" x="90" y="42" width="48" height="20" rx="4" />
    </>
  ),
  flask: (
    <>
      <path className="pic-line" d="M72 24h16M76 24v18L58 72a5 5 0 0 0 4 8h36a5 5 0 0 0 4-8L84 42V24" />
      <path className="pic-accent" d="M67 62h26l7 11a3 3 0 0 1-3 4H63a3 3 0 0 1-3-4z" />
      <circle className="pic-accent" cx="82" cy="53" r="2.5" />
    </>
  ),
  fastapi: (
    <>
      <rect className="pic-accent" x="14" y="26" width="22" height="11" rx="3" />
      <rect className="pic-soft" x="42" y="29" width="72" height="5" rx="2" />
      <rect className="pic-strong" x="14" y="45" width="22" height="11" rx="3" />
      <rect className="pic-soft" x="42" y="48" width="56" height="5" rx="2" />
      <path className="pic-line" d="M14 72h28l6-9 9 16 8-12 5 5h76" />
    </>
  ),
  python: (
    <>
      <path className="pic-line" d="M18 32l9 8-9 8" />
      <rect className="pic-strong" x="34" y="45" width="42" height="5" rx="2" />
      <rect className="pic-soft" x="18" y="58" width="88" height="4" rx="2" />
      <rect className="pic-soft" x="18" y="67" width="64" height="4" rx="2" />
      <rect className="pic-accent" x="86" y="65" width="4" height="8" />
    </>
  ),
};

const ofAnyOther = (
  <>
    <rect className="pic-soft" x="16" y="30" width="60" height="5" rx="2" />
    <rect className="pic-soft" x="26" y="42" width="80" height="5" rx="2" />
    <rect className="pic-accent" x="26" y="54" width="44" height="5" rx="2" />
    <rect className="pic-soft" x="16" y="66" width="30" height="5" rx="2" />
  </>
);

export function TemplatePicture({ name }: { name: string }) {
  return (
    <svg className="picture" viewBox="0 0 160 90" aria-hidden="true">
      <rect className="pic-page" x="0.5" y="0.5" width="159" height="96" rx="6" />
      <path className="pic-rule" d="M0 14.5h160" />
      <circle className="pic-soft" cx="9" cy="7.5" r="2.2" />
      <circle className="pic-soft" cx="16" cy="7.5" r="2.2" />
      <circle className="pic-soft" cx="23" cy="7.5" r="2.2" />
      {pictures[name] ?? ofAnyOther}
    </svg>
  );
}
