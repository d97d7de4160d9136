import { useState } from "react";
import { Button, Dialog } from "../../shared/components";

interface Props {
  title: string;
  /** What is lost and what stays. */
  text: string;
  onKill: () => Promise<void>;
  onClose: () => void;
}

/** What a build has done so far cannot be brought back: this asks first. */
export function KillDialog({ title, text, onKill, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const kill = (): void => {
    setBusy(true);
    void onKill().finally(onClose);
  };
  return (
    <Dialog
      title={title}
      width="small"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Let it build</Button>
          <Button kind="danger" busy={busy} onClick={kill}>
            Kill it
          </Button>
        </>
      }
    >
      <p>{text}</p>
    </Dialog>
  );
}
