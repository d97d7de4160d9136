import { Globe, Lock } from "lucide-react";
import { Button } from "../shared/components";
import type { LinkedHere, Repository } from "./types";
import { whyNot } from "./words";

interface Props {
  repository: Repository;
  chosen: boolean;
  onChoose: () => void;
  onJoin: (project: LinkedHere) => void;
}

export function RepositoryRow({ repository, chosen, onChoose, onJoin }: Props) {
  const refused = whyNot(repository);
  const joinable = repository.projects.find(({ role }) => role === null);
  const own = repository.projects.find(({ role }) => role !== null);
  return (
    <li className={`sh-row repository${chosen ? " repository-chosen" : ""}`}>
      <div className="sh-row-words">
        <span className="sh-row-title">
          {repository.private ? <Lock size={14} aria-label="Private" /> : <Globe size={14} aria-label="Public" />} {repository.path}
        </span>
        {(repository.description || refused) && <span className="sh-hint">{refused || repository.description}</span>}
      </div>
      {own && (
        <a href={`/app/${own.owner}/${own.name}`}>
          {own.owner}/{own.name}
        </a>
      )}
      {!own && joinable && (
        <Button aria-label={`Join ${joinable.owner}/${joinable.name}`} onClick={() => onJoin(joinable)}>
          Join {joinable.owner}/{joinable.name}
        </Button>
      )}
      {!refused && (
        <Button aria-pressed={chosen} aria-label={`${chosen ? "Chosen" : "Choose"} ${repository.path}`} onClick={onChoose}>
          {chosen ? "Chosen" : "Choose"}
        </Button>
      )}
    </li>
  );
}
