import { ErrorState, Skeleton } from "../shared/components";
import type { Problem } from "../shared/api";
import "./account.css";

interface Props {
  title: string;
  hint: string;
  problem: Problem | null;
  onRetry: () => unknown;
  rows?: number;
}

/** A page whose contents are on their way, or did not come: its title is where it will be. */
export function NotYet({ title, hint, problem, onRetry, rows = 4 }: Props) {
  return (
    <div className="account">
      <div className="account-head">
        <div>
          <h1>{title}</h1>
          <p className="ff-muted">{hint}</p>
        </div>
      </div>
      {problem ? <ErrorState problem={problem} onRetry={onRetry} /> : <Skeleton rows={rows} label={`Loading: ${title}`} />}
    </div>
  );
}
