import { useState } from "react";
import { CopyButton, Field } from "../../shared/components";
import type { Place } from "../place";

/** A picture of how a branch stands, for a README. */
export function Badge({ place, secret }: { place: Place; secret: string }) {
  const { project, api } = place;
  const [branch, setBranch] = useState(project.default_branch);
  const isPublic = project.visibility === "public";
  const picture = location.origin + api.badge(branch, isPublic ? "" : secret);
  const markdown = `[![Build](${picture})](${location.origin}${place.link("builds")})`;
  return (
    <>
      <p className="ff-muted">{isPublic ? "Everybody sees it." : "Its address has a key in it, with which everybody sees this picture and nothing else of the project."}</p>
      <div className="badge-line">
        <img src={picture} alt={`How ${branch} stands`} height={20} />
        <Field label="Branch" hidden>
          {(given) => <input {...given} className="ff-input" value={branch} spellCheck={false} autoCapitalize="none" onChange={(event) => setBranch(event.target.value)} />}
        </Field>
      </div>
      <div className="commands">
        <pre role="group" aria-label="Markdown of the badge">{markdown}</pre>
        <CopyButton text={markdown} label="Copy Markdown" />
      </div>
    </>
  );
}
