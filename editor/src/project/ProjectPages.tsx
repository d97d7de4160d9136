import { CodeXml, GitBranch, Hammer, Settings, Settings2, Webhook } from "lucide-react";
import { Suspense, useEffect, useMemo, useState } from "react";
import { BranchesPage } from "../builds/BranchesPage";
import { BuildPage } from "../builds/build/BuildPage";
import "../builds/builds.css";
import { HooksPage } from "../builds/hooks/HooksPage";
import { ListPage } from "../builds/ListPage";
import { baseOf, placeOf, shownAt, type Place } from "../builds/place";
import { SettingsPage } from "../builds/settings/SettingsPage";
import type { Account, Project } from "../shared/api";
import { Frame, type FrameLink, Skeleton } from "../shared/components";
import { usePath } from "../shared/router";
import { lazily } from "../shared/lazily";
import { hearProject } from "./heard";

const ProjectSettings = lazily(() => import("./ProjectSettings"));

/** All pages of one project but the editor, in the frame that all pages have. */
export function ProjectPages({ user, project: given }: { user: Account; project: Project }) {
  const [project, setProject] = useState(given);
  const place = useMemo(() => placeOf(project, user), [project, user]);
  const { page, number } = shownAt(usePath());
  useEffect(hearProject, []);
  return (
    <Frame user={user} path={place.link(page)} navLabel={`Pages of ${project.name}`} links={linksOf(place)} search={<Crumbs project={project} user={user} />}>
      {page === "project" ? (
        <Suspense fallback={<Skeleton rows={6} label="Loading the settings" />}>
          <ProjectSettings project={project} user={user} onChange={setProject} />
        </Suspense>
      ) : (
        <OfBuilds place={place} page={page} number={number} />
      )}
    </Frame>
  );
}

function OfBuilds({ place, page, number }: { place: Place; page: string; number: number | null }) {
  if (number !== null) return <BuildPage key={number} place={place} number={number} />;
  if (page === "builds") return <ListPage place={place} />;
  if (page === "hooks") return <HooksPage place={place} />;
  return page === "settings" ? <SettingsPage place={place} /> : <BranchesPage place={place} />;
}

function Crumbs({ project, user }: { project: Project; user: Account }) {
  return (
    <a className="crumbs" href={baseOf(project)} title="Open the editor">
      <CodeXml size={16} aria-hidden />
      {project.owner !== user.name && <span className="crumbs-owner">{project.owner} / </span>}
      <b>{project.name}</b>
    </a>
  );
}

function linksOf(place: Place): FrameLink[] {
  const all: FrameLink[] = [
    { href: place.link("branches"), label: "Branches", icon: <GitBranch size={16} aria-hidden /> },
    { href: place.link("builds"), label: "Builds", icon: <Hammer size={16} aria-hidden /> },
  ];
  const { role } = place.project;
  const hooks = { href: place.link("hooks"), label: "Hooks", icon: <Webhook size={16} aria-hidden /> };
  const ofBuilds = { href: place.link("settings"), label: "Build settings", icon: <Settings2 size={16} aria-hidden /> };
  const ofProject = { href: place.link("project"), label: "Project settings", icon: <Settings size={16} aria-hidden /> };
  if (role === "owner" || role === "maintainer") return [...all, hooks, ofBuilds, ofProject];
  return role === "editor" ? [...all, ofBuilds, ofProject] : [...all, ofProject];
}
