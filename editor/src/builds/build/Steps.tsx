import { StateMark } from "../StateMark";
import { StepTime } from "../StepTime";
import type { Step } from "../types";
import { lookOfStep } from "../words";

/** The steps with their times; each leads to its part of the log. */
export function Steps({ steps, onChoose }: { steps: readonly Step[]; onChoose: (position: number) => void }) {
  return (
    <nav className="steps" aria-label="Steps">
      <ol>
        {steps.map((step) => (
          <li key={step.position}>
            <button type="button" title={step.command ?? step.reason} onClick={() => onChoose(step.position)}>
              <StateMark {...lookOfStep(step.state)} />
              <span className="steps-name">{step.name}</span>
              {step.command && <code className="steps-command">{step.command}</code>}
              <StepTime step={step} />
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
