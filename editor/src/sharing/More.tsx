import { Network, Route, Webhook } from "lucide-react";
import { useId } from "react";
import { Door } from "./Door";
import { ListEditor } from "./ListEditor";
import { useAccess } from "./useSharing";

/** What few need: networks, single paths, preflights. Open from the start where something of it is in use. */
export function More() {
  const { access } = useAccess();
  const used = access.addresses.length + access.public_paths.length > 0 || access.public_preflights;
  return (
    <details className="sh-more" open={used}>
      <summary>
        More <span className="ff-faint">networks, public paths, preflights</span>
      </summary>
      <Door icon={Network} title="Networks" told="Visitors from these addresses need nothing else.">
        <ListEditor list="addresses" label="Network" placeholder="192.0.2.0/24" />
      </Door>
      <Door icon={Route} title="Public paths" told="Everybody can see these, to the letter: for a health check or a webhook.">
        <ListEditor list="public_paths" label="Path" placeholder="/healthz" />
      </Door>
      <Preflights />
    </details>
  );
}

function Preflights() {
  const { sharing, access } = useAccess();
  const id = useId();
  const { manage, widen } = access.may;
  return (
    <Door
      icon={Webhook}
      title="CORS preflights"
      told={<span id={id}>Pages elsewhere may ask before they call an API here with a token.</span>}
      action={
        <label className="sh-check">
          <input
            type="checkbox"
            aria-describedby={id}
            checked={access.public_preflights}
            disabled={access.public_preflights ? !manage : !widen}
            onChange={(event) => void sharing.setPreflights(event.target.checked)}
          />
          Answer them
        </label>
      }
    />
  );
}
