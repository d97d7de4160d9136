import { GitBranch } from "lucide-react";
import { CopyButton, EmptyState } from "../shared/components";
import type { Place } from "./place";

/** Nothing was built yet: the two commands that change that. */
export function FirstPush({ place: { project } }: { place: Place }) {
  const commands = `git remote add firefly ${project.urls.git}\ngit push firefly ${project.default_branch}`;
  return (
    <EmptyState icon={<GitBranch size={20} aria-hidden />} title="Push, and it is built">
      <p>Every push is built, and every branch gets a site of its own. In a repository of yours:</p>
      <div className="commands">
        <pre role="group" aria-label="Commands">{commands}</pre>
        <CopyButton text={commands} />
      </div>
    </EmptyState>
  );
}
