import { Ban, Circle, CircleAlert, CircleCheck, LoaderCircle } from "lucide-react";
import { useEffect } from "react";
import type { CreatedProject, Job, JobState, Step } from "../shared/api";
import { Button, CopyButton, Dialog, sayDuration } from "../shared/components";
import { jobEnded } from "./list";
import { isLinking } from "../linking/api";
import { ImportEnd } from "../linking/ImportEnd";
import { cancelJob, loadProjects, rememberJob, useDashboard } from "./store";

const ICONS = { queued: Circle, running: LoaderCircle, succeeded: CircleCheck, failed: CircleAlert, cancelled: Ban };
const WORDS: Record<JobState, string> = {
  queued: "waits",
  running: "runs",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
};

interface Props {
  project: Pick<CreatedProject, "id" | "owner" | "name">;
  job: Job;
  onClose: () => void;
}

/** Long work, step by step. It goes on when this is closed, and is found again in the list. */
export function JobSteps({ project, job: first, onClose }: Props) {
  const job = useDashboard((state) => state.jobs[project.id]) ?? first;
  const address = `/app/${project.owner}/${project.name}`;
  const done = job.state === "succeeded";
  useEffect(() => {
    if (done) location.assign(address);
  }, [done, address]);
  const ended = jobEnded(job.state);
  return (
    <Dialog
      title={titleOf(job, project.name)}
      description={ended ? undefined : "You can close this; the work goes on and shows in the list."}
      onClose={onClose}
      footer={
        ended ? (
          <>
            {job.error && <CopyButton text={job.error} label="Copy details" />}
            {job.state === "failed" && isLinking(job) ? (
              <ImportEnd job={job} onResumed={rememberJob} onUndone={() => void loadProjects().then(onClose)} />
            ) : (
              <Button kind="primary" onClick={onClose}>
                Close
              </Button>
            )}
          </>
        ) : (
          <>
            <Button onClick={() => cancelJob(job)}>Cancel the {job.kind === "remix" ? "remix" : "import"}</Button>
            <Button kind="primary" onClick={onClose}>
              Close, it goes on
            </Button>
          </>
        )
      }
    >
      <ol className="steps" aria-live="polite">
        {job.steps.map((step) => (
          <StepRow key={step.name} step={step} />
        ))}
      </ol>
      {job.error && (
        <p className="step-error" role="alert">
          {job.error}
        </p>
      )}
    </Dialog>
  );
}

function titleOf(job: Job, name: string): string {
  if (job.state === "failed") return `${name} was not filled`;
  if (job.state === "cancelled") return `The ${job.kind === "remix" ? "remix" : "import"} was cancelled`;
  return job.state === "succeeded" ? `${name} is ready` : `Filling ${name}`;
}

function StepRow({ step }: { step: Step }) {
  const Icon = ICONS[step.state];
  return (
    <li className={`step step-${step.state}`}>
      <Icon size={16} aria-hidden />
      <span className="step-name">
        {step.name}
        <span className="ff-hidden"> {WORDS[step.state]}</span>
      </span>
      <span className="step-time">{timeOf(step)}</span>
      {step.state === "running" && (
        <div className="step-progress">
          {step.percent !== null && <progress value={step.percent} max={100} aria-label={step.name} />}
          <span>{step.detail}</span>
        </div>
      )}
    </li>
  );
}

function timeOf(step: Step): string {
  if (!step.started || !step.finished) return "";
  return sayDuration(Date.parse(step.finished) - Date.parse(step.started));
}
