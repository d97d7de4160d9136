import type { Account, Api, Project } from "../shared/api";
import { Dialog } from "../shared/components";
import { Access } from "./Access";
import { Members } from "./Members";
import "./project.css";

interface Props {
  api: Api;
  project: Project;
  user: Account | null;
  onChange?: () => void;
  onClose: () => void;
}

/** Who works on a project, and who may see it. Also behind the editor's Share button. */
export function MembersDialog({ api, project, user, onChange, onClose }: Props) {
  return (
    <Dialog title={`Share ${project.name}`} onClose={onClose}>
      <div className="share">
        <Access api={api} project={project} onChange={onChange} />
        <Members api={api} project={project} user={user} onChange={onChange} />
      </div>
    </Dialog>
  );
}
