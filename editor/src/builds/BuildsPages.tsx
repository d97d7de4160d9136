import { CodeXml, GitBranch, Hammer, Settings, Settings2, Webhook } from "lucide-react";
import { useEffect, useMemo } from "react";
import type { Account, Project } from "../shared/api";
import { Frame, type FrameLink } from "../shared/components";
import { usePath } from "../shared/router";
import { BranchesPage } from "./BranchesPage";
import { BuildPage } from "./build/BuildPage";
import "./builds.css";
import { hearBuilds } from "./heard";
import { HooksPage } from "./hooks/HooksPage";
import { ListPage } from "./ListPage";
import { baseOf, placeOf, shownAt, type Place } from "./place";
import { SettingsPage } from "./settings/SettingsPage";

/** The pages of one project's builds, in the frame that all pages have. */
export function BuildsPages({ user, project }: { user: Account; project: Project }) {
  const place = useMemo(() => placeOf(project, user), [project, user]);
  const { page, number } = shownAt(usePath());
  useEffect(hearBuilds, []);
  return (
    <Frame user={user} path={place.link(page)} navLabel={`Builds of ${project.name}`} links={linksOf(place)} search={<Crumbs project={project} user={user} />}>
      <Page place={place} page={page} number={number} />
    </Frame>
  );
}

function Page({ place, page, number }: { place: Place; page: string; number: number | null }) {
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
  if (role === "viewer") return all;
  const hooks = { href: place.link("hooks"), label: "Hooks", icon: <Webhook size={16} aria-hidden /> };
  const settings = { href: place.link("settings"), label: "Build settings", icon: <Settings2 size={16} aria-hidden /> };
  const ofProject = { href: `${baseOf(place.project)}/settings`, label: "Project settings", icon: <Settings size={16} aria-hidden />, away: true };
  return role === "editor" ? [...all, settings] : [...all, hooks, settings, ofProject];
}
