import { ExternalLink } from "lucide-react";
import { useState } from "react";
import { Button, Field } from "../shared/components";
import { useSubmit } from "../sharing/useSubmit";
import type { ProjectLink } from "./ProjectLink";

/** Opens a pull request at the provider, from a branch that was pushed. */
export function ProposeForm({ link, base }: { link: ProjectLink; base: string }) {
  const [branch, setBranch] = useState("");
  const [title, setTitle] = useState("");
  const [opened, setOpened] = useState<string | null>(null);
  const { error, busy, submit } = useSubmit(
    async () => setOpened(await link.propose(branch.trim(), title.trim())),
    () => (branch.trim() && title.trim() ? null : "Give a branch and a title."),
  );
  return (
    <form className="sh-form" aria-label="Open a pull request" onSubmit={submit}>
      <div className="name-fields">
        <Field label="Title of a pull request" error={error} hint={`What is on the branch is proposed for ${base}.`}>
          {(given) => <input {...given} className="ff-input" value={title} maxLength={250} onChange={(event) => setTitle(event.target.value)} />}
        </Field>
        <Field label="Branch">
          {(given) => <input {...given} className="ff-input" value={branch} spellCheck={false} autoCapitalize="none" onChange={(event) => setBranch(event.target.value)} />}
        </Field>
      </div>
      <div className="sh-buttons">
        <Button type="submit" busy={busy}>
          Open a pull request
        </Button>
        {opened && (
          <a href={opened} target="_blank" rel="noreferrer">
            See it <ExternalLink size={14} aria-label="in a new tab" />
          </a>
        )}
      </div>
    </form>
  );
}
