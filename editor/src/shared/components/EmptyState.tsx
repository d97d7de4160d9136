import type { ReactNode } from "react";

interface Props {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  /** The one button. */
  action?: ReactNode;
}

export function EmptyState({ icon, title, children, action }: Props) {
  return (
    <div className="ff-state">
      {icon && <div className="ff-state-icon">{icon}</div>}
      <h2>{title}</h2>
      {children && <div className="ff-muted">{children}</div>}
      {action}
    </div>
  );
}
