import { useState, type SyntheticEvent } from "react";
import { asProblem, type Project } from "../shared/api";
import { Button, Dialog, Field, showToast } from "../shared/components";
import { complaintAbout } from "./names";
import { api, attempt, loadProjects } from "./store";

export function RenameDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const [name, setName] = useState(project.name);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const complaint = complaintAbout(name);
    setError(complaint);
    if (complaint) return;
    setBusy(true);
    try {
      const renamed = await api.changeProject(project, { name });
      const back = () => void attempt(() => api.changeProject(renamed, { name: project.name })).then(loadProjects);
      showToast(`${project.name} is now ${renamed.name}.`, { undo: back });
      await loadProjects();
      onClose();
    } catch (thrown) {
      setError(asProblem(thrown).detail);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`Rename ${project.name}`}
      description="The old page, preview and git address lead to the new ones for 90 days."
      width="small"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="rename" busy={busy}>
            Rename
          </Button>
        </>
      }
    >
      <form id="rename" onSubmit={(event) => void submit(event)}>
        <Field label="Name" error={error}>
          {(given) => (
            <input
              {...given}
              className="ff-input"
              value={name}
              spellCheck={false}
              autoCapitalize="none"
              onFocus={(event) => event.target.select()}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
