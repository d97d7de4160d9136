import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { Button, EmptyState, ErrorState, Field, Skeleton } from "../shared/components";
import { FolderGit2 } from "lucide-react";
import type { LinkingApi } from "./api";
import { Repositories } from "./Repositories";
import { RepositoryRow } from "./RepositoryRow";
import type { Connection, LinkedHere, Repository } from "./types";

const PAUSE = 250;

interface Props {
  api: LinkingApi;
  connection: Connection;
  chosen: Repository | null;
  onChoose: (repository: Repository) => void;
  onJoin: (project: LinkedHere) => void;
}

/** The repositories that a connection sees, to choose one of. */
export function RepositoryList({ api, connection, chosen, onChoose, onJoin }: Props) {
  const repositories = useMemo(() => new Repositories(api, connection.id), [api, connection.id]);
  const { organisations, items, next, busy, problem } = useStore(repositories.store);
  const [organisation, setOrganisation] = useState("");
  const [search, setSearch] = useState("");
  useEffect(() => void repositories.begin(), [repositories]);
  useEffect(() => {
    const timer = setTimeout(() => void repositories.find(organisation, search), search ? PAUSE : 0);
    return () => clearTimeout(timer);
  }, [repositories, organisation, search]);
  return (
    <div className="repositories">
      <div className="name-fields">
        <Field label="Owner">
          {(given) => (
            <select {...given} className="ff-input" value={organisation} onChange={(event) => setOrganisation(event.target.value)}>
              <option value="">{connection.login}</option>
              {organisations.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Search">
          {(given) => <input {...given} className="ff-input" type="search" value={search} onChange={(event) => setSearch(event.target.value)} />}
        </Field>
      </div>
      {problem && <ErrorState problem={problem} onRetry={() => repositories.find(organisation, search)} />}
      {!items && !problem && <Skeleton rows={5} label="Loading the repositories" />}
      {items?.length === 0 && !busy && (
        <EmptyState icon={<FolderGit2 size={20} aria-hidden />} title="No repositories here">
          Choose another owner, or search for something else. Private ones show once Firefly may see them.
        </EmptyState>
      )}
      {items && items.length > 0 && (
        <ul className="sh-list repository-list" aria-label="Repositories" aria-busy={busy}>
          {items.map((one) => (
            <RepositoryRow key={one.path} repository={one} chosen={one.path === chosen?.path} onChoose={() => onChoose(one)} onJoin={onJoin} />
          ))}
        </ul>
      )}
      {next && (
        <Button busy={busy} onClick={() => repositories.more(organisation, search)}>
          Show more
        </Button>
      )}
    </div>
  );
}
