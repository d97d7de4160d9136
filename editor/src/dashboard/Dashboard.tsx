import { FolderGit2, Plus, Trash2 } from "lucide-react";
import { Suspense, useDeferredValue, useState } from "react";
import type { Account, Project } from "../shared/api";
import { Button, Frame } from "../shared/components";
import { go, usePath } from "../shared/router";
import { lazily } from "../shared/lazily";
import { Bin } from "./Bin";
import "./dashboard.css";
import { JobSteps } from "./JobSteps";
import { NewProject, type Source } from "./NewProject";
import { ProjectList } from "./ProjectList";
import { sharedOf } from "../sharing/types";
import { RemixDialog } from "./RemixDialog";
import { RenameDialog } from "./RenameDialog";
import { Search } from "./Search";
import { api, useDashboard } from "./store";
import { useShortcut } from "./useShortcut";

const ShareDialog = lazily(() => import("../sharing/ShareDialog"));
const RequestNotice = lazily(() => import("../sharing/RequestNotice"));
const RequestsDialog = lazily(() => import("../sharing/RequestsDialog"));

/** A dialog about one project. */
export interface Asked {
  about: "rename" | "members" | "job";
  project: Project;
}

const DIALOGS: Record<string, Source> = { "/new": "template", "/import": "git", "/import/provider": "provider", "/upload": "archive" };

export function Dashboard({ user: given, server }: { user: Account; server: string }) {
  const displayName = useDashboard((state) => state.displayName);
  const user = displayName === null ? given : { ...given, display_name: displayName };
  const path = usePath();
  const [query, setQuery] = useState("");
  const [asked, setAsked] = useState<Asked | null>(null);
  const [answering, setAnswering] = useState(false);
  const binned = useDashboard((state) => state.bin.items.length);
  const shown = useDeferredValue(query);
  const source = DIALOGS[path];
  const remixed = /^\/remix\/([^/]+\/[^/]+)$/.exec(path)?.[1];
  const projects = useDashboard((state) => state.projects.items);
  const job = useDashboard((state) => (asked ? state.jobs[asked.project.id] : undefined));
  useShortcut("n", () => go("/new"));
  return (
    <>
      <Frame
        user={user}
        path={path === "/bin" ? "/bin" : "/"}
        navLabel="Places"
        links={[
          { href: "/", label: "Projects", icon: <FolderGit2 size={16} aria-hidden /> },
          { href: "/bin", label: "Bin", icon: <Trash2 size={16} aria-hidden />, count: binned || undefined },
        ]}
        search={path !== "/bin" && <Search query={query} onChange={setQuery} />}
        action={
          <Button kind="primary" className="new-project" icon={<Plus size={16} aria-hidden />} onClick={() => go("/new")} title="New project (N)">
            <span>New project</span>
          </Button>
        }
      >
        {path === "/bin" ? <Bin /> : <ProjectList user={user} server={server} query={shown} onClear={() => setQuery("")} onAsk={setAsked} />}
      </Frame>
      {source && <NewProject key={source} user={user} source={source} onClose={() => go("/")} />}
      {remixed && (
        <RemixDialog
          key={remixed}
          source={remixed}
          taken={new Set(projects.filter(({ owner }) => owner === user.name).map(({ name }) => name))}
          onClose={() => go("/")}
        />
      )}
      {asked?.about === "rename" && (
        <RenameDialog project={asked.project} onClose={() => setAsked(null)} />
      )}
      {asked?.about === "job" && job && <JobSteps project={asked.project} job={job} onClose={() => setAsked(null)} />}
      {asked?.about === "members" && (
        <Suspense>
          <ShareDialog api={api} project={sharedOf(asked.project)} user={user} onClose={() => setAsked(null)} />
        </Suspense>
      )}
      <Suspense>
        <RequestNotice onShow={() => setAnswering(true)} />
        {answering && <RequestsDialog onClose={() => setAnswering(false)} />}
      </Suspense>
    </>
  );
}
