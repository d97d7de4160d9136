import { useState } from "react";
import { DomainsPanel } from "../domains/DomainsPanel";
import { Members } from "../project/Members";
import type { Account, Api } from "../shared/api";
import { Dialog } from "../shared/components";
import { Preview } from "./Preview";
import { Summary } from "./Summary";
import { Tabs } from "./Tabs";
import type { Shared } from "./types";
import { useAccess } from "./useSharing";
import { Visitors } from "./Visitors";
import { WithAccess } from "./WithAccess";
import "../project/project.css";

interface Props {
  api: Api;
  project: Shared;
  user: Account | null;
  onClose: () => void;
}

/** Who can see a project's preview, who came in, and who works on it. Behind every Share button. */
export default function ShareDialog({ api, project, user, onClose }: Props) {
  return (
    <Dialog title={`Share ${project.name}`} width="sheet" onClose={onClose}>
      <div className="sharing">
        <WithAccess project={project}>
          <Parts api={api} project={project} user={user} />
        </WithAccess>
      </div>
    </Dialog>
  );
}

function Parts({ api, project, user }: Omit<Props, "onClose">) {
  const { access } = useAccess();
  const [chosen, setChosen] = useState<"preview" | "visitors" | "domains" | "members">("preview");
  const tabs = [
    { id: "preview" as const, label: "Let in", count: access.requests.length },
    ...(access.may.manage ? [{ id: "visitors" as const, label: "Who came in", count: access.grants.length }] : []),
    { id: "domains" as const, label: "Domains" },
    { id: "members" as const, label: "Members" },
  ];
  return (
    <>
      <Summary />
      <Tabs label={`Share ${project.name}`} tabs={tabs} chosen={chosen} onChoose={setChosen}>
        {chosen === "preview" && <Preview />}
        {chosen === "visitors" && <Visitors />}
        {chosen === "domains" && <DomainsPanel project={project} />}
        {chosen === "members" && <Members api={api} project={project} user={user} />}
      </Tabs>
    </>
  );
}
