import { Link as LinkIcon, Plus } from "lucide-react";
import { useState } from "react";
import { Button, RelativeTime, useNow } from "../shared/components";
import { Door } from "./Door";
import { EndButton } from "./EndButton";
import { LinkForm } from "./LinkForm";
import { Once } from "./Once";
import type { Link, NewLink } from "./types";
import { useAccess } from "./useSharing";
import { counted, nameOfLink, sayEnd, sayUses } from "./words";

export function Links() {
  const { access } = useAccess();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewLink | null>(null);
  const { links } = access;
  return (
    <Door
      icon={LinkIcon}
      title="Links"
      told={links.length > 0 ? "Whoever has one gets in." : "Whoever has a link gets in, until it ends."}
      action={
        access.may.widen &&
        !making && (
          <Button icon={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
            New link
          </Button>
        )
      }
    >
      {making && (
        <LinkForm
          onMade={(link) => {
            setMade(link);
            setMaking(false);
          }}
          onClose={() => setMaking(false)}
        />
      )}
      {made && (
        <Once key={made.id} title={`The link “${nameOfLink(made)}”`} text={made.url} scannable hint="Copy it now: it is shown this once." onDone={() => setMade(null)} />
      )}
      {links.length > 0 && (
        <ul className="sh-list" aria-label="Links">
          {links.map((link) => (
            <LinkRow key={link.id} link={link} onEnd={() => link.id === made?.id && setMade(null)} />
          ))}
        </ul>
      )}
    </Door>
  );
}

function LinkRow({ link, onEnd }: { link: Link; onEnd: () => void }) {
  const { sharing, access } = useAccess();
  const now = useNow();
  const name = nameOfLink(link);
  const inside = access.grants.filter(({ kind, who }) => kind === "link" && who === link.label).length;
  const out = inside > 0 ? ` ${counted(inside, "visitor")} who came in by it will be put out.` : "";
  return (
    <li className="sh-row">
      <div className="sh-row-words">
        <span className="sh-row-title">{name}</span>
        <span className="sh-hint">
          {sayUses(link)} · {sayEnd(link.expires_at, now)} · made <RelativeTime at={link.since} />
          {link.by && ` by ${link.by}`}
        </span>
      </div>
      <EndButton
        label={`End the link ${name}`}
        loss={`“${name}” stops working for everybody who has it.${out}`}
        onEnd={() => {
          onEnd();
          void sharing.endLink(link);
        }}
      />
    </li>
  );
}
