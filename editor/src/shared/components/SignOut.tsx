import { useState } from "react";
import { forgetDrafts } from "../../bridge/drafts";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

/** Signing out takes away what the browser keeps, so it names what would be lost. */
export function SignOutDialog({ drafts, onClose }: { drafts: number; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const leave = async (): Promise<void> => {
    setBusy(true);
    await forgetDrafts().catch(() => undefined);
    signOut();
  };
  return (
    <Dialog
      title={drafts === 1 ? "One file is not saved" : `${drafts} files are not saved`}
      onClose={onClose}
      width="small"
      footer={
        <>
          <Button onClick={onClose}>Stay</Button>
          <Button kind="danger" busy={busy} onClick={() => leave()}>
            Sign out and lose them
          </Button>
        </>
      }
    >
      <p>What you typed in the editor is kept in this browser only, and goes when you sign out. Open the project and save it first, or sign out without it.</p>
    </Dialog>
  );
}

/** A form, since the answer sends the browser on to the sign-in page. */
export function signOut(): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/auth/sign-out";
  document.body.append(form);
  form.submit();
}
