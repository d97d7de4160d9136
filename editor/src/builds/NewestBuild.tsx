import { ExternalLink, GitBranch, Hammer, ListOrdered } from "lucide-react";
import { useEffect, useMemo } from "react";
import { Menu, type MenuItem } from "../shared/components";
import { Loaded, useLoaded } from "../shared/Loaded";
import { BuildsApi } from "./api";
import { buildNow } from "./buildNow";
import { onBuilds } from "./heard";
import { baseOf } from "./place";
import { StateMark } from "./StateMark";
import type { Build } from "./types";
import { hostOf, lookOf } from "./words";

interface Props {
  project: { id: string; owner: string; name: string; branch: string };
  mayBuild: boolean;
}

/** In the editor's bar: how the newest build of the project stands, and the way to its site. Nothing before the first. */
export default function NewestBuild({ project, mayBuild }: Props) {
  const { id, owner, name } = project;
  const newest = useMemo(() => {
    const api = new BuildsApi({ owner, name });
    return new Loaded(async () => (await api.list({ limit: 1 })).builds[0] ?? null);
  }, [owner, name]);
  const { value: build } = useLoaded(newest);
  useEffect(() => onBuilds(({ kind, projectId }) => void ((kind === "missed" || projectId === id) && kind !== "build.step" && newest.load())), [newest, id]);
  if (!build) return null;
  const look = lookOf(build.state);
  return (
    <Menu
      label={`Build ${build.number} of ${build.branch}: ${look.word}`}
      className="wb-run wb-wide"
      trigger={
        <>
          <StateMark {...look} size={14} />
          <span>Build {build.number}</span>
        </>
      }
      header={<p className="wb-run-why">{[look.word, build.branch, build.subject].filter(Boolean).join(" · ")}</p>}
      items={[...itemsOf(build, baseOf(project)), ...(mayBuild ? [{ label: `Build ${project.branch} now`, icon: <Hammer size={16} aria-hidden />, separated: true, onSelect: () => void buildNow(project) }] : [])]}
    />
  );
}

function itemsOf({ number, site }: Build, base: string): MenuItem[] {
  const open = site?.state === "live" ? [{ label: `Open ${hostOf(site.url)}`, icon: <ExternalLink size={16} aria-hidden />, href: site.url, newTab: true }] : [];
  return [
    ...open,
    { label: "Its log and steps", icon: <ListOrdered size={16} aria-hidden />, href: `${base}/builds/${number}` },
    { label: "All branches and sites", icon: <GitBranch size={16} aria-hidden />, href: `${base}/branches` },
  ];
}
