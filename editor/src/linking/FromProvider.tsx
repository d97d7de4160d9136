import { useMemo, useState, type SyntheticEvent } from "react";
import { asProblem, type Problem, type Visibility } from "../shared/api";
import { Button, ErrorState, Field, showToast, Skeleton } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { NameFields } from "../dashboard/NameFields";
import { freeName } from "../dashboard/names";
import type { WayProps } from "../dashboard/NewProject";
import { useCreation } from "../dashboard/useCreation";
import { LinkingApi } from "./api";
import { Connections } from "./Connections";
import { ConnectWays } from "./ConnectWays";
import { RepositoryList } from "./RepositoryList";
import type { Connection, LinkedHere, Need, Repository } from "./types";
import { nameOf, TITLES } from "./words";
import "../sharing/sharing.css";
import "./linking.css";

const HERE = "/import/provider";

/** A provider's repository, which the new project is made of and linked to. */
export default function FromProvider({ taken, onCreated }: WayProps) {
  const connections = useMemo(() => new Connections(new LinkingApi()), []);
  const { value: shown, problem } = useLoaded(connections);
  const [id, setId] = useState<string | null>(null);
  if (!shown) return problem ? <ErrorState problem={problem} onRetry={() => connections.load()} /> : <Skeleton rows={5} label="Loading the connections" />;
  if (shown.connections.length === 0)
    return (
      <>
        <p className="sh-hint">Connect once. Firefly asks for the least, and for more when you link something.</p>
        <ConnectWays connections={connections} providers={shown.providers} next={HERE} />
      </>
    );
  const connection = shown.connections.find((one) => one.id === id) ?? shown.connections[0];
  if (!connection) return null;
  return (
    <>
      {shown.connections.length > 1 && (
        <Field label="Provider">
          {(given) => (
            <select {...given} className="ff-input" value={connection.id} onChange={(event) => setId(event.target.value)}>
              {shown.connections.map((one) => (
                <option key={one.id} value={one.id}>
                  {TITLES[one.provider]}, {one.login}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {connection.state === "broken" ? (
        <Broken connection={connection} connections={connections} />
      ) : (
        <Choosing key={connection.id} connection={connection} connections={connections} taken={taken} onCreated={onCreated} />
      )}
    </>
  );
}

function Broken({ connection, connections }: { connection: Connection; connections: Connections }) {
  return (
    <div className="link-broken" role="alert">
      <p>
        The connection to {TITLES[connection.provider]} stopped working: {connection.reason}
      </p>
      {connection.kind === "oauth" ? (
        <Button kind="primary" onClick={() => connections.authorize(connection, "read", HERE)}>
          Reconnect {TITLES[connection.provider]}
        </Button>
      ) : (
        <a href="/account/connections">Connect with a new token</a>
      )}
    </div>
  );
}

function Choosing({ connection, connections, taken, onCreated }: WayProps & { connection: Connection; connections: Connections }) {
  const [chosen, setChosen] = useState<Repository | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const [visibility, setVisibility] = useState<Visibility>("members");
  const { busy, create, nameError, problem } = useCreation(onCreated);
  const name = typed ?? (chosen ? freeName(nameOf(chosen.path), taken) : "");
  const { api } = connections;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (chosen) void create(name, () => api.import({ provider: connection.id, repository: chosen.path, name, visibility }));
  };
  const join = async (project: LinkedHere) => {
    try {
      await api.join(project);
      location.assign(`/app/${project.owner}/${project.name}`);
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
  };
  return (
    <form className="way-form" onSubmit={submit} noValidate>
      <RepositoryList api={api} connection={connection} chosen={chosen} onChoose={setChosen} onJoin={(project) => void join(project)} />
      {chosen && (
        <NameFields name={name} onName={setTyped} error={nameError} visibility={chosen.private ? "members" : visibility} onVisibility={chosen.private ? null : setVisibility} />
      )}
      {chosen?.private && <p className="sh-hint">It is private at {TITLES[connection.provider]}, so only members see it here.</p>}
      {problem && <Refusal problem={problem} connection={connection} connections={connections} />}
      <div className="way-foot">
        <Button kind="primary" type="submit" busy={busy} disabled={!chosen}>
          {busy ? "Looking…" : chosen ? `Import ${chosen.path}` : "Import"}
        </Button>
      </div>
    </form>
  );
}

/** Where the provider has to allow more, a button asks it to. */
function Refusal({ problem, connection, connections }: { problem: Problem; connection: Connection; connections: Connections }) {
  const { need } = problem;
  return (
    <div className="link-broken" role="alert">
      <p>{problem.detail}</p>
      {need && connection.kind === "oauth" && (
        <Button onClick={() => connections.authorize(connection, need as Need, HERE)}>Allow it at {TITLES[connection.provider]}</Button>
      )}
    </div>
  );
}
