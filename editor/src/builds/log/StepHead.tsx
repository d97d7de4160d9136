import { ChevronRight } from "lucide-react";
import { StateMark } from "../StateMark";
import { StepTime } from "../StepTime";
import type { Step } from "../types";
import { lookOfStep } from "../words";

interface Props {
  /** Unknown while its lines are here before the step itself. */
  step: Step | undefined;
  position: number;
  isFolded: boolean;
  count: number;
  onFold: () => void;
  /** Kept at the top while its lines are read; the one in the list is for keys and screen readers. */
  isCopy?: boolean;
}

/** The head of a step in the log; it folds and unfolds what the step printed. */
export function StepHead({ step, position, isFolded, count, onFold, isCopy = false }: Props) {
  const name = step?.name ?? `step ${position}`;
  return (
    <button
      type="button"
      className="step-head"
      aria-expanded={count > 0 ? !isFolded : undefined}
      aria-hidden={isCopy || undefined}
      tabIndex={isCopy ? -1 : undefined}
      onClick={onFold}
    >
      <ChevronRight size={14} aria-hidden className={count === 0 ? "step-twist step-twist-none" : isFolded ? "step-twist" : "step-twist step-twist-open"} />
      {step && <StateMark {...lookOfStep(step.state)} size={14} />}
      <span className="step-name">{name}</span>
      {step?.command ? <code className="step-command">{step.command}</code> : <span className="step-reason">{step?.reason}</span>}
      {isFolded && count > 0 && <span className="step-count">{count === 1 ? "1 line" : `${count.toLocaleString("en")} lines`}</span>}
      {step && <StepTime step={step} />}
    </button>
  );
}
