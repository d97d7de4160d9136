import type { ReactNode } from "react";
import type { Api, FrontDoor, Talker } from "../shared/api";
import { type Figure, Figures, RelativeTime } from "../shared/components";
import { sayBytes, sayNumber, saySeconds } from "./amounts";
import "./front-door.css";
import { Head } from "./Head";
import { NotYet } from "./NotYet";
import { Routes } from "./Routes";
import { useLive } from "./useLive";

const HEAD = { title: "Front door", hint: "The last minute, and now." };

export function FrontDoorPage({ api }: { api: Api }) {
  const { answer, problem, stale, again } = useLive(api.frontDoor);
  if (!answer) return <NotYet {...HEAD} problem={problem} onRetry={again} rows={6} />;
  return (
    <div className="account door">
      <Head {...HEAD} hint={stale ? "The server does not answer just now; these are the numbers from before." : HEAD.hint} live />
      <Figures figures={figuresOf(answer)} />
      <Failures failures={answer.failures} />
      <div className="door-pair">
        <Talkers id="hosts" title="Hosts" talkers={answer.hosts} />
        <Talkers id="clients" title="Addresses" talkers={answer.clients} />
      </div>
      <Pool door={answer} />
      <Routes api={api} total={answer.routes} />
    </div>
  );
}

function figuresOf(door: FrontDoor): Figure[] {
  return [
    { name: "Requests", value: `${sayNumber(door.requests_per_second)}/s`, href: "#hosts", more: "by host" },
    { name: "Errors", value: `${sayNumber(door.errors_per_second)}/s`, href: "#failures", more: "the last failures" },
    { name: "Half within", value: saySeconds(door.p50) },
    { name: "99 % within", value: saySeconds(door.p99) },
    { name: "Connections", value: sayNumber(door.connections), href: "#clients", more: "by address" },
    { name: "Tunnels", value: sayNumber(door.tunnels), href: "#pool", more: "by target" },
    { name: "Waiting", value: sayNumber(door.held), href: "#routes", more: "the routes" },
    { name: "Event loop", value: `${saySeconds(door.lag_p99)}, ${saySeconds(door.longest_lag)} at most` },
  ];
}

function Section({ id, title, empty, children }: { id: string; title: string; empty: string | null; children: ReactNode }) {
  return (
    <section id={id} className="account-section" aria-label={title} tabIndex={-1}>
      <h2>{title}</h2>
      {empty ? <p className="ff-muted">{empty}</p> : children}
    </section>
  );
}

function Failures({ failures }: { failures: FrontDoor["failures"] }) {
  return (
    <Section id="failures" title="Last failures" empty={failures.length ? null : "Every target answered as it should."}>
      <ul className="items door-list">
        {failures.slice(0, 10).map((failure) => (
          <li key={failure.request_id} className="item">
            <div className="item-text">
              <span className="item-title">{failure.host}</span>
              <span className="item-hint">
                {failure.reason} · <RelativeTime at={failure.at} /> · request {failure.request_id}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Talkers({ id, title, talkers }: { id: string; title: string; talkers: Talker[] }) {
  return (
    <Section id={id} title={title} empty={talkers.length ? null : "Nobody asked in the last minute."}>
      <table className="door-table">
        <thead>
          <tr>
            <th scope="col">{title === "Hosts" ? "Host" : "Address"}</th>
            <th scope="col">Requests</th>
            <th scope="col">Errors</th>
            <th scope="col">Sent</th>
          </tr>
        </thead>
        <tbody>
          {talkers.slice(0, 10).map((talker) => (
            <tr key={talker.name}>
              <th scope="row">{talker.name}</th>
              <td>{sayNumber(talker.requests)}</td>
              <td>{sayNumber(talker.errors)}</td>
              <td>{sayBytes(talker.sent)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Pool({ door }: { door: FrontDoor }) {
  return (
    <Section id="pool" title="Connections to targets" empty={door.pool.length ? null : "None is open."}>
      <table className="door-table">
        <thead>
          <tr>
            <th scope="col">Target</th>
            <th scope="col">Open</th>
            <th scope="col">Idle</th>
          </tr>
        </thead>
        <tbody>
          {door.pool.map((slot, index) => (
            <tr key={index}>
              <th scope="row">{slot.workspace_id ? `${slot.kind} of workspace ${slot.workspace_id.slice(0, 8)}${slot.port ? `, port ${slot.port}` : ""}` : slot.kind}</th>
              <td>{sayNumber(slot.open)}</td>
              <td>{sayNumber(slot.idle)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
