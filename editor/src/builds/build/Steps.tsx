import type { CSSProperties } from "react";
import { StateMark } from "../StateMark";
import { StepTime } from "../StepTime";
import type { Step } from "../types";
import { lookOfStep } from "../words";

/** A shorter bar is a dot. */
const LEAST = 0.05;

/** The steps with their times, as bars too; each leads to its part of the log. */
export function Steps({ steps, onChoose }: { steps: readonly Step[]; onChoose: (position: number) => void }) {
  const shares = sharesOf(steps);
  return (
    <nav className="steps" aria-label="Steps">
      <ol>
        {steps.map((step, at) => (
          <li key={step.position}>
            <button type="button" title={step.command ?? step.reason} onClick={() => onChoose(step.position)}>
              <StateMark {...lookOfStep(step.state)} />
              <span className="steps-name">{step.name}</span>
              {step.command && <code className="steps-command">{step.command}</code>}
              <StepTime step={step} />
              {(shares[at] ?? 0) >= LEAST && <span className={`steps-bar steps-bar-${step.state}`} style={{ "--share": shares[at] } as CSSProperties} aria-hidden />}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** How long each took, as a share of the longest; 0 while it runs. */
export function sharesOf(steps: readonly Step[]): number[] {
  const took = steps.map(({ started_at: started, ended_at: ended }) => (ended ? new Date(ended).getTime() - new Date(started).getTime() : 0));
  const most = Math.max(1, ...took);
  return took.map((time) => Math.round((1000 * time) / most) / 1000);
}
