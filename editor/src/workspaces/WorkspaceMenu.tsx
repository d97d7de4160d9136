import { ChevronDown, User, Users } from "lucide-react";
import { useMemo, useState } from "react";
import { asProblem } from "../shared/api";
import { Menu, type MenuItem, showToast } from "../shared/components";
import { WorkspacesApi } from "./api";
import { OpenDialog } from "./OpenDialog";
import { findOwn } from "./opening";
import "./workspaces.css";

interface Props {
  project: { owner: string; name: string; branch: string };
  /** Whose own workspace is open; empty for the shared one. */
  workspace: string;
  me: string;
}

/** Says which workspace is open, and leads to the other one. */
export function WorkspaceMenu({ project: { owner, name, branch }, workspace, me }: Props) {
  const api = useMemo(() => new WorkspacesApi({ owner, name }), [owner, name]);
  const [asking, setAsking] = useState(false);
  const own = async (): Promise<void> => {
    try {
      const address = await findOwn(api, me);
      if (address === undefined) setAsking(true);
      else location.assign(address);
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
  };
  const shared: MenuItem = { label: "Go to the shared workspace", icon: <Users size={16} aria-hidden />, href: `/app/${owner}/${name}` };
  const mine: MenuItem = { label: "Go to your own workspace", icon: <User size={16} aria-hidden />, onSelect: () => void own() };
  const Icon = workspace ? User : Users;
  const label = workspace ? "Your workspace" : "Shared";
  return (
    <>
      <Menu
        label={workspace ? "Workspace: your own" : "Workspace: shared"}
        className={`ws-menu${workspace ? " ws-own" : ""}`}
        align="start"
        trigger={
          <>
            <Icon size={14} aria-hidden />
            <span>{label}</span>
            <ChevronDown size={14} aria-hidden />
          </>
        }
        header={<p className="ws-why">{workspace ? "Only you work here. Commit and push to share what you made." : "All members of the project work here."}</p>}
        items={[workspace ? shared : mine]}
      />
      {asking && <OpenDialog api={api} branch={branch} onClose={() => setAsking(false)} />}
    </>
  );
}
