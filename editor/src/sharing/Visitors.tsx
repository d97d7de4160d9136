import { DoorOpen } from "lucide-react";
import { EmptyState, RelativeTime } from "../shared/components";
import { sayAgent } from "../shared/agents";
import { EndButton } from "./EndButton";
import type { Grant } from "./types";
import { useAccess } from "./useSharing";
import { comesBack, counted, sayLoss, sayReturn, sayVisitor } from "./words";

/** Everybody who came in and still can be there. */
export function Visitors() {
  const { sharing, access } = useAccess();
  const { grants } = access;
  if (grants.length === 0)
    return (
      <EmptyState icon={<DoorOpen size={20} aria-hidden />} title="Nobody came in yet">
        Whoever opens the preview is listed here: by what, from where, and when. You can put them out again.
      </EmptyState>
    );
  return (
    <section aria-label="Who came in">
      <div className="sh-row sh-all">
        <p className="sh-row-words ff-muted">{counted(grants.length, "visitor")}, the last seen first.</p>
        <EndButton label="End all" text="End all" loss={sayLoss(grants)} onEnd={() => void sharing.endGrants()} />
      </div>
      <ul className="sh-list" aria-label="Visitors">
        {grants.map((grant) => (
          <VisitorRow key={grant.id} grant={grant} />
        ))}
      </ul>
    </section>
  );
}

function VisitorRow({ grant }: { grant: Grant }) {
  const { sharing } = useAccess();
  const { name, way } = sayVisitor(grant);
  const from = [sayAgent(grant.user_agent), grant.address].filter(Boolean).join(", ");
  return (
    <li className="sh-row">
      <div className="sh-row-words">
        <span className="sh-row-title">
          {name}
          <span className="sh-way">{way}</span>
        </span>
        <span className="sh-hint" title={grant.user_agent}>
          {from} · came <RelativeTime at={grant.since} /> · seen <RelativeTime at={grant.last_seen} />
        </span>
      </div>
      <EndButton
        label={`End the visit of ${name}`}
        loss={comesBack(grant) ? undefined : `Whatever is open is cut off at once. ${sayReturn(grant)}`}
        onEnd={() => void sharing.endGrant(grant, name)}
      />
    </li>
  );
}
