import type { ReactNode } from "react";
import "./account.css";

export interface Heading {
  title: string;
  hint: string;
}

interface Props extends Heading {
  /** The hint changes while the page is shown, and that is said. */
  live?: boolean;
  children?: ReactNode;
}

/** What a page is, and what can be done there. */
export function Head({ title, hint, live = false, children }: Props) {
  return (
    <div className="account-head">
      <div>
        <h1>{title}</h1>
        <p className="ff-muted" role={live ? "status" : undefined}>
          {hint}
        </p>
      </div>
      {children}
    </div>
  );
}
