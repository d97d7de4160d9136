import type { LucideIcon } from "lucide-react";
import { useId, type ReactNode } from "react";

interface Props {
  icon: LucideIcon;
  title: string;
  /** How it stands, or what it is for. */
  told: ReactNode;
  action?: ReactNode;
  children?: ReactNode;
}

/** One way to let people in: what it is, how it stands, and what can be done about it. */
export function Door({ icon: Icon, title, told, action, children }: Props) {
  const id = useId();
  return (
    <section className="sh-door" aria-labelledby={id}>
      <div className="sh-door-head">
        <Icon size={16} aria-hidden />
        <div className="sh-door-words">
          <h3 id={id}>{title}</h3>
          <p className="sh-hint">{told}</p>
        </div>
        {action}
      </div>
      {children && <div className="sh-door-body">{children}</div>}
    </section>
  );
}
