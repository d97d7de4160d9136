import { useState, type SyntheticEvent } from "react";
import type { CreatedProject, Visibility } from "../shared/api";
import { Button, Dialog } from "../shared/components";
import { JobSteps } from "./JobSteps";
import { NameFields } from "./NameFields";
import { freeName } from "./names";
import { api, loadProjects, rememberJob } from "./store";
import { useCreation } from "./useCreation";

interface Props {
  /** `owner/name` of what is copied. */
  source: string;
  taken: ReadonlySet<string>;
  onClose: () => void;
}

/** A project of one's own that begins as a copy of another one. */
export function RemixDialog({ source, taken, onClose }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  const [visibility, setVisibility] = useState<Visibility>("members");
  const [created, setCreated] = useState<CreatedProject | null>(null);
  const { busy, create, nameError, problem } = useCreation((project) => {
    if (project.job) rememberJob(project.job);
    setCreated(project);
    void loadProjects();
  });
  const name = typed ?? freeName(source.split("/")[1] ?? "", taken);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void create(name, () => api.createProject({ name, remix_of: source, visibility }));
  };
  if (created?.job) return <JobSteps project={created} job={created.job} onClose={onClose} />;
  return (
    <Dialog
      title={`Remix ${source}`}
      description="You get a copy of its files and history. Members, secrets and access settings stay where they are."
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="remix" busy={busy}>
            Remix
          </Button>
        </>
      }
    >
      <form id="remix" className="way-form" onSubmit={submit} noValidate>
        <NameFields name={name} onName={setTyped} error={nameError} visibility={visibility} onVisibility={setVisibility} />
        {problem && (
          <p className="step-error" role="alert">
            {problem.detail}
          </p>
        )}
      </form>
    </Dialog>
  );
}
