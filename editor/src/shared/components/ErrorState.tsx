import { CircleAlert, RotateCw } from "lucide-react";
import type { Problem } from "../api";
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";

/** What happened, what to do, and the details to hand on. */
export function ErrorState({ problem, onRetry }: { problem: Problem; onRetry?: (() => unknown) | undefined }) {
  return (
    <div className="ff-state" role="alert">
      <div className="ff-state-icon ff-bad">
        <CircleAlert size={20} aria-hidden />
      </div>
      <h2>{problem.title}</h2>
      <p className="ff-muted">{problem.detail}</p>
      <div className="ff-state-actions">
        {problem.isSignedOut ? (
          <a className="ff-button ff-button-primary" href={`/auth/sign-in?next=${encodeURIComponent(location.pathname)}`}>
            Sign in
          </a>
        ) : (
          onRetry && (
            <Button kind="primary" icon={<RotateCw size={16} aria-hidden />} onClick={onRetry}>
              Try again
            </Button>
          )
        )}
        <CopyButton text={problem.forCopying} label="Copy details" />
      </div>
    </div>
  );
}
