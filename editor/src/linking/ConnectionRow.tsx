import { CircleAlert, CircleCheck } from "lucide-react";
import { useState } from "react";
import { Button, RelativeTime } from "../shared/components";
import { EndButton } from "../sharing/EndButton";
import type { Connections } from "./Connections";
import type { Connection } from "./types";
import { TITLES } from "./words";

interface Props {
  connection: Connection;
  connections: Connections;
  next: string;
}

export function ConnectionRow({ connection, connections, next }: Props) {
  const [busy, setBusy] = useState(false);
  const broken = connection.state === "broken";
  const title = TITLES[connection.provider];
  const check = async (): Promise<void> => {
    setBusy(true);
    await connections.check(connection);
    setBusy(false);
  };
  return (
    <li className="sh-row connection">
      <div className="sh-row-words">
        <span className="sh-row-title">
          {title} <span className="sh-way">as {connection.login}</span>
        </span>
        <span className={`link-state link-${broken ? "bad" : "ok"}`}>
          {broken ? <CircleAlert size={14} aria-hidden /> : <CircleCheck size={14} aria-hidden />}
          {broken ? "Stopped working" : "Works"}
        </span>
        {broken && <span className="sh-hint">{connection.reason}</span>}
        <span className="sh-hint">
          {connection.url.replace(/^https?:\/\//, "")}, checked <RelativeTime at={connection.checked_at} />
        </span>
      </div>
      {broken && connection.kind === "oauth" ? (
        <Button kind="primary" aria-label={`Reconnect ${title}`} onClick={() => connections.authorize(connection, "read", next)}>
          Reconnect
        </Button>
      ) : (
        <Button busy={busy} aria-label={`Check ${title}`} onClick={() => check()}>
          Check
        </Button>
      )}
      <EndButton
        label={`Disconnect ${title}`}
        text="Disconnect"
        loss="Projects that are linked by this connection are kept in step no more, until somebody mends them."
        onEnd={() => void connections.disconnect(connection)}
      />
    </li>
  );
}
