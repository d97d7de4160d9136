import { sayDuration } from "../shared/components";
import type { Step } from "./types";
import { useSecond } from "./useSecond";

/** How long a step took, or takes so far. */
export function StepTime({ step }: { step: Step }) {
  const runs = step.state === "running";
  const now = useSecond(runs);
  if (step.state === "skipped") return null;
  const end = step.ended_at ? new Date(step.ended_at) : now;
  return <span className="step-time">{sayDuration(end.getTime() - new Date(step.started_at).getTime())}</span>;
}
