import { useMemo, useState } from "react";
import { Button, ErrorState, Field, Skeleton } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { useSubmit } from "../sharing/useSubmit";
import { LinkingApi } from "./api";
import { Connections } from "./Connections";
import { ConnectWays } from "./ConnectWays";
import type { Connection, NewLink } from "./types";
import { TITLES } from "./words";

interface Props {
  project: { owner: string; name: string; visibility: string };
  /** Throws the problem. */
  onLink: (given: NewLink) => Promise<void>;
}

/** Links a project to a repository that is there, or makes one. */
export function LinkForm({ project, onLink }: Props) {
  const connections = useMemo(() => new Connections(new LinkingApi()), []);
  const { value: shown, problem } = useLoaded(connections);
  if (!shown) return problem ? <ErrorState problem={problem} onRetry={() => connections.load()} /> : <Skeleton rows={2} label="Loading the connections" />;
  if (shown.connections.length === 0)
    return <ConnectWays connections={connections} providers={shown.providers} next={`/app/${project.owner}/${project.name}/settings`} />;
  return <Form project={project} connections={shown.connections} onLink={onLink} />;
}

function Form({ project, connections, onLink }: Props & { connections: Connection[] }) {
  const [id, setId] = useState(connections[0]?.id);
  const [way, setWay] = useState<"create" | "present">("create");
  const connection = connections.find((one) => one.id === id) ?? connections[0];
  const [path, setPath] = useState(`${connection?.login ?? ""}/${project.name}`);
  const { error, busy, submit } = useSubmit(
    async () => connection && onLink({ provider: connection.provider, url: connection.url, ...wanted(way, path.trim(), connection, project.visibility) }),
    () => (path.includes("/") ? null : "Give owner and name, such as octo/garden."),
  );
  return (
    <form className="sh-form" aria-label="Link to a repository" onSubmit={submit}>
      <div className="name-fields">
        <Field label="Provider">
          {(given) => (
            <select {...given} className="ff-input" value={connection?.id} onChange={(event) => setId(event.target.value)}>
              {connections.map((one) => (
                <option key={one.id} value={one.id}>
                  {TITLES[one.provider]}, {one.login}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Repository">
          {(given) => (
            <select {...given} className="ff-input" value={way} onChange={(event) => setWay(event.target.value === "create" ? "create" : "present")}>
              <option value="create">Make a new one</option>
              <option value="present">One that is there</option>
            </select>
          )}
        </Field>
      </div>
      <Field label="Owner and name" error={error}>
        {(given) => <input {...given} className="ff-input" value={path} spellCheck={false} autoCapitalize="none" onChange={(event) => setPath(event.target.value)} />}
      </Field>
      <Button type="submit" kind="primary" busy={busy}>
        {way === "create" ? "Make and link" : "Link"}
      </Button>
    </form>
  );
}

function wanted(way: "create" | "present", path: string, connection: Connection, visibility: string): Pick<NewLink, "repository" | "create"> {
  if (way === "present") return { repository: path };
  const owner = path.slice(0, path.lastIndexOf("/"));
  const created = { name: path.slice(path.lastIndexOf("/") + 1), private: visibility !== "public" };
  return { create: owner === connection.login ? created : { ...created, organisation: owner } };
}
