import { ErrorState, Skeleton } from "../shared/components";
import type { Problem } from "../shared/api";
import { Head, type Heading } from "./Head";

interface Props extends Heading {
  problem: Problem | null;
  onRetry: () => unknown;
  rows?: number;
}

/** A page whose contents are on their way, or did not come: its title is where it will be. */
export function NotYet({ title, hint, problem, onRetry, rows = 4 }: Props) {
  return (
    <div className="account">
      <Head title={title} hint={hint} />
      {problem ? <ErrorState problem={problem} onRetry={onRetry} /> : <Skeleton rows={rows} label={`Loading: ${title}`} />}
    </div>
  );
}
