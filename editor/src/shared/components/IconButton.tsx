import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Tooltip } from "./Tooltip";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "children"> {
  label: string;
  icon: ReactNode;
  /** The key that does the same, as shown: `Ctrl+S`. */
  shortcut?: string | undefined;
  tooltip?: "above" | "below";
  ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ label, icon, shortcut, tooltip = "below", className = "", ...rest }: Props) {
  return (
    <Tooltip text={label} shortcut={shortcut} side={tooltip}>
      <button type="button" {...rest} aria-label={label} className={`ff-icon-button ${className}`}>
        {icon}
      </button>
    </Tooltip>
  );
}
