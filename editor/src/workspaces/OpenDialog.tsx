import { useState } from "react";
import { asProblem } from "../shared/api";
import { Button, Dialog } from "../shared/components";
import type { WorkspacesApi } from "./api";
import { openOwn } from "./opening";

interface Props {
  api: WorkspacesApi;
  branch: string;
  onClose: () => void;
  go?: (address: string) => void;
}

/** Says what a workspace of one's own starts from and who sees it, and opens it. */
export function OpenDialog({ api, branch, onClose, go = (address) => location.assign(address) }: Props) {
  const [step, setStep] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const open = async (): Promise<void> => {
    setProblem(null);
    setStep("Opening");
    try {
      go(await openOwn(api, setStep));
    } catch (thrown) {
      setStep(null);
      setProblem(asProblem(thrown).detail);
    }
  };
  return (
    <Dialog
      title="A workspace of your own"
      description={`It starts from what ${branch} has in the hosted repository now. What others have not pushed is not in it.`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={step !== null} onClick={() => open()}>
            Open it
          </Button>
        </>
      }
    >
      <p>Nobody else gets into it. Its preview has an address of its own, for whoever may see the project's. Commit and push to share what you made.</p>
      {step !== null && <p role="status">{step}…</p>}
      {problem !== null && (
        <p className="ff-field-error" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}
