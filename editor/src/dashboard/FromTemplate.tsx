import { useEffect, useState, type SyntheticEvent } from "react";
import { asProblem, type Problem, type Template, type Visibility } from "../shared/api";
import { Button, ErrorState, Skeleton } from "../shared/components";
import { NameFields } from "./NameFields";
import { freeName } from "./names";
import type { WayProps } from "./NewProject";
import { api } from "./store";
import { TemplatePicture } from "./TemplatePicture";
import { useCreation } from "./useCreation";

export function FromTemplate({ taken, onCreated }: WayProps) {
  const [templates, setTemplates] = useState<Template[] | null>(null);
  const [missing, setMissing] = useState<Problem | null>(null);
  useEffect(() => {
    let shown = true;
    api.templates().then(
      ({ items }) => shown && setTemplates([...items].sort((a, b) => a.order - b.order)),
      (thrown: unknown) => shown && setMissing(asProblem(thrown)),
    );
    return () => {
      shown = false;
    };
  }, []);
  if (missing) return <ErrorState problem={missing} />;
  if (!templates?.[0]) return <Skeleton rows={6} label="Loading the templates" />;
  return <Form templates={templates} first={templates[0]} taken={taken} onCreated={onCreated} />;
}

function Form({ templates, first, taken, onCreated }: WayProps & { templates: Template[]; first: Template }) {
  const [chosen, setChosen] = useState(first.name);
  const [typed, setTyped] = useState<string | null>(null);
  const [visibility, setVisibility] = useState<Visibility>("members");
  const { busy, create, nameError, problem } = useCreation(onCreated);
  const name = typed ?? freeName(`my-${chosen}`, taken);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void create(name, () => api.createProject({ name, template: chosen, visibility }));
  };
  return (
    <form onSubmit={submit} className="way-form">
      <fieldset className="templates">
        <legend className="ff-hidden">Template</legend>
        {templates.map((template) => (
          <label key={template.name} className="template">
            <input
              type="radio"
              name="template"
              value={template.name}
              checked={template.name === chosen}
              onChange={() => setChosen(template.name)}
            />
            <TemplatePicture name={template.name} />
            <span className="template-title">{template.title}</span>
            <span className="template-description">{template.description}</span>
          </label>
        ))}
      </fieldset>
      <NameFields name={name} onName={setTyped} error={nameError} visibility={visibility} onVisibility={setVisibility} />
      <div className="way-foot">
        {problem && (
          <p className="ff-field-error" role="alert">
            {problem.detail}
          </p>
        )}
        <Button kind="primary" type="submit" busy={busy}>
          {busy ? "Creating…" : "Create project"}
        </Button>
      </div>
    </form>
  );
}
