import type { ReactNode } from "react";

interface Props {
  text: string;
  shortcut?: string | undefined;
  side?: "above" | "below";
  children: ReactNode;
}

/** Shown on hover and focus by style alone; the name for screen readers stands on the control itself. */
export function Tooltip({ text, shortcut, side = "below", children }: Props) {
  return (
    <span className={`ff-tooltip ff-tooltip-${side}`}>
      {children}
      <span className="ff-tooltip-text" aria-hidden="true">
        {text}
        {shortcut && <kbd>{shortcut}</kbd>}
      </span>
    </span>
  );
}
