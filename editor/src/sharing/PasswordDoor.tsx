import { RectangleEllipsis } from "lucide-react";
import { useState } from "react";
import { Button, Field, RelativeTime } from "../shared/components";
import { Door } from "./Door";
import { EndButton } from "./EndButton";
import { FormButtons } from "./FormButtons";
import { useAccess } from "./useSharing";
import { useSubmit } from "./useSubmit";

const SHORTEST = 10;

export function PasswordDoor() {
  const { sharing, access } = useAccess();
  const [setting, setSetting] = useState(false);
  const { password } = access;
  return (
    <Door
      icon={RectangleEllipsis}
      title="Password"
      told={
        password ? (
          <>
            Set <RelativeTime at={password.since} />
            {password.by && ` by ${password.by}`}
          </>
        ) : (
          "Whoever knows it gets in, until you take it back."
        )
      }
      action={
        !setting && (
          <>
            {password && (
              <EndButton
                label="End the password"
                loss="The password stops working, and whoever came in by it is put out."
                onEnd={() => void sharing.endPassword()}
              />
            )}
            {access.may.widen && (
              <Button onClick={() => setSetting(true)}>{password ? "New password" : "Set a password"}</Button>
            )}
          </>
        )
      }
    >
      {setting && <PasswordForm replaces={password !== null} onClose={() => setSetting(false)} />}
    </Door>
  );
}

function PasswordForm({ replaces, onClose }: { replaces: boolean; onClose: () => void }) {
  const { sharing } = useAccess();
  const [text, setText] = useState("");
  const { error, busy, submit } = useSubmit(
    async () => {
      await sharing.setPassword(text);
      onClose();
    },
    () => (text.length < SHORTEST ? `Take at least ${SHORTEST} characters. A few words are easy to tell.` : null),
  );
  const warning = replaces ? " The one before stops working, and whoever came in by it is put out." : "";
  return (
    <form className="sh-form" aria-label="Password" onSubmit={submit}>
      <Field label="Password to share" error={error} hint={`At least ${SHORTEST} characters. Note it: it is not shown again.${warning}`}>
        {(given) => (
          // Somebody has just asked for this form. It is shown as typed, since it is to be told.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          <input {...given} autoFocus className="ff-input" maxLength={400} autoComplete="off" autoCapitalize="none" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />
        )}
      </Field>
      <FormButtons label={replaces ? "Replace the password" : "Set the password"} busy={busy} replaces={replaces} onClose={onClose} />
    </form>
  );
}
