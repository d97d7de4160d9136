import { Globe, Lock } from "lucide-react";
import { useState } from "react";
import { asProblem, type Api, type Project, type Visibility } from "../shared/api";
import { CopyButton, showToast } from "../shared/components";

interface Props {
  api: Api;
  project: Project;
  onChange?: (() => void) | undefined;
}

const CHOICES = [
  { id: "members" as const, Icon: Lock, label: "Members only", hint: "Others do not even learn that it exists." },
  { id: "public" as const, Icon: Globe, label: "Everyone", hint: "Code and preview can be seen without signing in." },
];

export function Access({ api, project, onChange }: Props) {
  const [visibility, setVisibility] = useState(project.visibility);
  const change = async (wanted: Visibility) => {
    const before = visibility;
    setVisibility(wanted);
    try {
      await api.changeProject(project, { visibility: wanted });
      const undo = () => void change(before);
      showToast(wanted === "public" ? `Everyone can see ${project.name} now.` : `Only members can see ${project.name} now.`, { undo });
      onChange?.();
    } catch (thrown) {
      setVisibility(before);
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
  };
  return (
    <fieldset className="access" disabled={project.role !== "owner"}>
      <legend>Who can see it</legend>
      {CHOICES.map(({ id, Icon, label, hint }) => (
        <label key={id} className="choice">
          <input type="radio" name="visibility" value={id} checked={visibility === id} onChange={() => void change(id)} />
          <Icon size={16} aria-hidden />
          <span>
            <span className="choice-label">{label}</span>
            <span className="ff-faint choice-hint">{hint}</span>
          </span>
        </label>
      ))}
      <div className="access-link">
        <code>{project.urls.preview}</code>
        <CopyButton text={project.urls.preview} label="Copy link" />
      </div>
    </fieldset>
  );
}
