import { Plug } from "lucide-react";
import { useEffect, useMemo } from "react";
import { Head } from "../account/Head";
import { NotYet } from "../account/NotYet";
import { EmptyState, RelativeTime, StaleNote } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { MISSED, onAccess } from "../sharing/heard";
import { LinkingApi } from "./api";
import { ConnectionRow } from "./ConnectionRow";
import { Connections } from "./Connections";
import { ConnectWays } from "./ConnectWays";
import type { Left } from "./types";
import { TITLES } from "./words";
import "../sharing/sharing.css";
import "./linking.css";

const HERE = "/account/connections";

const HEAD = { title: "Connections", hint: "What Firefly may do for you at GitHub, GitLab, Bitbucket, Gitea and Forgejo." };

/** One's connections to providers, whether they work, and what former links have left there. */
export function ConnectionsPage() {
  const connections = useMemo(() => new Connections(new LinkingApi()), []);
  useEffect(() => onAccess((kind) => (kind === MISSED || kind === "connection.changed") && void connections.load()), [connections]);
  const { value: shown, problem } = useLoaded(connections);
  if (!shown) return <NotYet {...HEAD} problem={problem} onRetry={() => connections.load()} />;
  const free = shown.providers.filter(({ provider, url }) => !shown.connections.some((one) => one.provider === provider && one.url === url && one.state === "working"));
  return (
    <div className="account connections">
      <Head {...HEAD} />
      <StaleNote problem={problem} />
      {shown.connections.length === 0 ? (
        <EmptyState icon={<Plug size={20} aria-hidden />} title="No connections yet">
          Connect to import repositories, and to keep projects in step with them.
        </EmptyState>
      ) : (
        <ul className="sh-list" aria-label="Connections">
          {shown.connections.map((one) => (
            <ConnectionRow key={one.id} connection={one} connections={connections} next={HERE} />
          ))}
        </ul>
      )}
      {free.length > 0 && (
        <section aria-labelledby="connect-title">
          <h2 id="connect-title">Connect</h2>
          <ConnectWays connections={connections} providers={free} next={HERE} />
        </section>
      )}
      {shown.app_page && (
        <p className="sh-hint">
          <a href={shown.app_page}>Install the GitHub App</a> on repositories: it is let into those alone, by tokens that live for an hour.
        </p>
      )}
      {shown.left.length > 0 && <LeftThere left={shown.left} />}
    </div>
  );
}

function LeftThere({ left }: { left: Left[] }) {
  return (
    <section aria-labelledby="left-title">
      <h2 id="left-title">Still to be removed</h2>
      <ul className="sh-list">
        {left.map((one) => (
          <li key={one.id} className="sh-row">
            <div className="sh-row-words">
              <span className="sh-row-title">
                The hook of {one.project || "a deleted project"} in {one.repository}
              </span>
              <span className="sh-hint">
                {one.reason || "It is being removed."} {TITLES[one.provider]} is asked again <RelativeTime at={one.due_at} />.
              </span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
