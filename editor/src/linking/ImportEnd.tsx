import { useState } from "react";
import { asProblem, type Job } from "../shared/api";
import { Button, showToast } from "../shared/components";
import { LinkingApi } from "./api";

interface Props {
  job: Job;
  onResumed: (job: Job) => void;
  onUndone: () => void;
}

const api = new LinkingApi();

/** An import that failed keeps what it made: go on where it failed, or take all of it back. */
export function ImportEnd({ job, onResumed, onUndone }: Props) {
  const [busy, setBusy] = useState(false);
  const attempt = async (call: () => Promise<void>): Promise<void> => {
    setBusy(true);
    try {
      await call();
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
    setBusy(false);
  };
  const resume = () => attempt(async () => onResumed(await api.resume(job.id)));
  const undo = () =>
    attempt(async () => {
      await api.undo(job.id);
      onUndone();
    });
  return (
    <>
      <Button busy={busy} onClick={() => undo()}>
        Undo
      </Button>
      <Button kind="primary" busy={busy} onClick={() => resume()}>
        Try again
      </Button>
    </>
  );
}
