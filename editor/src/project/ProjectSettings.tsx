import { useEffect, useState, type SyntheticEvent } from "react";
import { Api, asProblem, type Account, type Project } from "../shared/api";
import { Button, CopyButton, Field, showToast } from "../shared/components";
import { Preview } from "../sharing/Preview";
import { Summary } from "../sharing/Summary";
import { sharedOf } from "../sharing/types";
import { Visitors } from "../sharing/Visitors";
import { WithAccess } from "../sharing/WithAccess";
import { DomainsPanel } from "../domains/DomainsPanel";
import { LinkPanel } from "../linking/LinkPanel";
import { SecretsPanel } from "../secrets/SecretsPanel";
import { WorkspacesPanel } from "../workspaces/WorkspacesPanel";
import { Members } from "./Members";
import "./project.css";

interface Props {
  project: Project;
  user: Account;
  onChange: (project: Project) => void;
}

const api = new Api();

/** The settings page of one project: name and description, access, members, deletion. */
export default function ProjectSettings({ project, user, onChange }: Props) {
  useEffect(() => {
    document.title = `Settings · ${project.owner}/${project.name}`;
  }, [project]);
  return (
    <div className="settings">
      <h1>Project settings</h1>
      <General project={project} onChange={onChange} />
      <section className="settings-section" aria-labelledby="access-title">
        <h2 id="access-title">Who can see it</h2>
        <WithAccess project={sharedOf(project)}>
          <Summary />
          <div>
            <Preview />
          </div>
          <Visitors />
        </WithAccess>
      </section>
      <section className="settings-section" aria-labelledby="domains-title">
        <h2 id="domains-title">Domains</h2>
        <DomainsPanel project={sharedOf(project)} />
      </section>
      {project.role !== "viewer" && (
        <section className="settings-section" aria-labelledby="secrets-title">
          <h2 id="secrets-title">Secrets</h2>
          <SecretsPanel project={project} />
        </section>
      )}
      {project.role && (
        <section className="settings-section" aria-labelledby="link-title">
          <h2 id="link-title">Linked repository</h2>
          <LinkPanel project={project} />
        </section>
      )}
      <section className="settings-section">
        <Members api={api} project={project} user={user} />
      </section>
      {project.role && (
        <section className="settings-section" aria-labelledby="workspaces-title">
          <h2 id="workspaces-title">Workspaces</h2>
          <WorkspacesPanel project={project} user={user} />
        </section>
      )}
      <section className="settings-section" aria-labelledby="git-title">
        <h2 id="git-title">Git</h2>
        <p className="ff-muted">Clone and push with your name and an API token as the password.</p>
        <div className="access-link">
          <code>git clone {project.urls.git}</code>
          <CopyButton text={`git clone ${project.urls.git}`} />
        </div>
      </section>
      {project.role === "owner" && <Deletion project={project} />}
    </div>
  );
}

function General({ project, onChange }: { project: Project; onChange: (project: Project) => void }) {
  const [name, setName] = useState(project.name);
  const [description, setDescription] = useState(project.description);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const mayChange = project.role === "owner" || project.role === "maintainer";
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const changed = await api.changeProject(project, { name, description });
      history.replaceState(null, "", `/app/${changed.owner}/${changed.name}/settings`);
      onChange(changed);
      showToast("Saved.");
    } catch (thrown) {
      setError(asProblem(thrown).detail);
    }
    setBusy(false);
  };
  return (
    <form className="settings-section" onSubmit={(event) => void submit(event)}>
      <h2>General</h2>
      <Lineage project={project} />
      <Field label="Name" error={error} hint="The old addresses lead to the new ones for 90 days.">
        {(given) => (
          <input {...given} className="ff-input" value={name} disabled={!mayChange} spellCheck={false} onChange={(event) => setName(event.target.value)} />
        )}
      </Field>
      <Field label="Description" optional>
        {(given) => (
          <textarea {...given} className="ff-input" rows={2} maxLength={2000} value={description} disabled={!mayChange} onChange={(event) => setDescription(event.target.value)} />
        )}
      </Field>
      {mayChange && (
        <Button type="submit" kind="primary" busy={busy} disabled={name === project.name && description === project.description}>
          Save
        </Button>
      )}
    </form>
  );
}

function Lineage({ project: { remix_of: source, remixes } }: { project: Project }) {
  if (!source && !remixes) return null;
  return (
    <p className="ff-muted">
      {source && (
        <>
          A remix of <a href={`/app/${source}`}>{source}</a>.{" "}
        </>
      )}
      {remixes > 0 && (remixes === 1 ? "Remixed once." : `Remixed ${remixes} times.`)}
    </p>
  );
}

function Deletion({ project }: { project: Project }) {
  const remove = async () => {
    try {
      await api.deleteProject(project);
      location.assign("/bin");
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
  };
  return (
    <section className="settings-section" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete</h2>
      <p className="ff-muted">Its pages and preview stop working. For 30 days it can be restored from the bin.</p>
      <Button kind="danger" onClick={() => remove()}>
        Delete {project.name}
      </Button>
    </section>
  );
}
