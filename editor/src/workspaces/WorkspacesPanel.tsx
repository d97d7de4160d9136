import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { Account, Project } from "../shared/api";
import { reach } from "../shared/api/reach";
import { Button, Dialog, dotOf, ErrorState, RelativeTime, Skeleton, StateDot, type DotState } from "../shared/components";
import { EndButton } from "../sharing/EndButton";
import { WorkspacesApi } from "./api";
import { OpenDialog } from "./OpenDialog";
import type { Workspace } from "./types";
import { Workspaces } from "./Workspaces";
import "../sharing/sharing.css";
import "./workspaces.css";

interface Props {
  project: Pick<Project, "owner" | "name" | "role" | "default_branch">;
  user: Account | null;
}

/** The shared workspace and one's own; for owners everybody's. */
export function WorkspacesPanel({ project, user }: Props) {
  const { owner, name } = project;
  const api = useMemo(() => new WorkspacesApi({ owner, name }), [owner, name]);
  const workspaces = useMemo(() => new Workspaces(api), [api]);
  const [opening, setOpening] = useState(false);
  useEffect(() => {
    void workspaces.load();
    return reach.onReturn(() => void workspaces.load());
  }, [workspaces]);
  const { workspaces: shown, problem, stake } = useStore(workspaces.store);
  if (!shown) return problem ? <ErrorState problem={problem} onRetry={() => workspaces.load()} /> : <Skeleton rows={2} label="Loading the workspaces" />;
  const hasOwn = shown.some((one) => one.member === user?.name);
  return (
    <>
      <ul className="sh-list" aria-label="Workspaces">
        {shown.map((one) => (
          <WorkspaceRow key={one.member ?? ""} workspace={one} mine={one.member === user?.name} onDiscard={(member) => void workspaces.discard(member)} />
        ))}
      </ul>
      {!hasOwn && user && project.role && project.role !== "viewer" && <Button onClick={() => setOpening(true)}>Open your own workspace</Button>}
      {opening && <OpenDialog api={api} branch={project.default_branch} onClose={() => setOpening(false)} />}
      {stake && (
        <Dialog
          title={`Discard the workspace of ${stake.member}?`}
          onClose={() => workspaces.keep()}
          footer={
            <>
              <Button onClick={() => workspaces.keep()}>Keep it</Button>
              <Button kind="danger" onClick={() => workspaces.discard(stake.member, true)}>
                Discard anyway
              </Button>
            </>
          }
        >
          <p role="alert">{stake.loss}</p>
        </Dialog>
      )}
    </>
  );
}

function WorkspaceRow({ workspace, mine, onDiscard }: { workspace: Workspace; mine: boolean; onDiscard: (member: string) => void }) {
  const { member, state } = workspace;
  return (
    <li className="sh-row ws-row">
      <StateDot state={dotOf(state)} />
      <div className="sh-row-words">
        <span className="sh-row-title">{member === null ? "Shared by all members" : mine ? "Your own" : `Of ${member}`}</span>
        <Standing workspace={workspace} />
      </div>
      {(member === null || mine) && workspace.ready && (
        <a className="ff-button ff-button-quiet" href={workspace.urls.editor}>
          Open
        </a>
      )}
      {member !== null && (
        <EndButton label={`Discard the workspace of ${member}`} text="Discard" loss="Its files, checkpoints and sandbox are deleted for good." onEnd={() => onDiscard(member)} />
      )}
    </li>
  );
}

const words: Record<DotState, string> = { running: "Running", busy: "Working", stopped: "Asleep", failed: "Failed" };

function Standing({ workspace: { open, archived_at, archives_at, archive_note, since, state } }: { workspace: Workspace }) {
  if (!open) return <span className="sh-hint">Its member may not use it any more.</span>;
  if (archived_at)
    return (
      <span className="sh-hint">
        Archived <RelativeTime at={archived_at} />. Its files come back when it is opened.
      </span>
    );
  if (archive_note) return <span className="sh-hint">Not archived: {archive_note}.</span>;
  if (archives_at)
    return (
      <span className="ws-soon">
        Nobody uses it: it is archived <RelativeTime at={archives_at} /> unless it is opened.
      </span>
    );
  return (
    <span className="sh-hint">
      {words[dotOf(state)]} since <RelativeTime at={since} />
    </span>
  );
}
