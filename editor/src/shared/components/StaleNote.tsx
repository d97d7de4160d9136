import type { Problem } from "../api";

/** Above what is shown still, though looking again failed. That the server is away, the frame says for the whole page. */
export function StaleNote({ problem }: { problem: Problem | null }) {
  if (!problem || problem.isPassing || problem.isSignedOut) return null;
  return (
    <p className="ff-stale" role="alert">
      {problem.detail} This is how it was before.
    </p>
  );
}
