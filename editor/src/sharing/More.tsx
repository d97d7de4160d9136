import { Cog, type LucideIcon, Network, Route, Webhook } from "lucide-react";
import { useId, useState } from "react";
import { Door } from "./Door";
import { ListEditor } from "./ListEditor";
import { useAccess } from "./useSharing";

/** What few need: networks, single paths, preflights, service workers. Open from the start where something of it is in use. */
export function More() {
  const { sharing, access } = useAccess();
  const { addresses, public_paths: paths, public_preflights: preflights, service_workers: workers } = access;
  // Decided once: what is open stays open when its last entry goes.
  const [used] = useState(addresses.length + paths.length > 0 || preflights || workers);
  return (
    <details className="sh-more" open={used}>
      <summary>
        More <span className="ff-faint">networks, public paths, service workers</span>
      </summary>
      <Door icon={Network} title="Networks" told="Visitors from these addresses need nothing else.">
        <ListEditor list="addresses" label="Network" placeholder="192.0.2.0/24" />
      </Door>
      <Door icon={Route} title="Public paths" told="Everybody can see these, to the letter: for a health check or a webhook.">
        <ListEditor list="public_paths" label="Path" placeholder="/healthz" />
      </Door>
      <Switch
        icon={Webhook}
        title="CORS preflights"
        told="Pages elsewhere may ask before they call an API here with a token."
        label="Answer them"
        on={access.public_preflights}
        onChange={(wanted) => void sharing.setPreflights(wanted)}
      />
      <Switch
        icon={Cog}
        title="Service workers"
        told="They stay in visitors' browsers and see what is done there, also after access has ended."
        label="Allow them"
        on={access.service_workers}
        onChange={(wanted) => void sharing.setWorkers(wanted)}
      />
    </details>
  );
}

interface SwitchProps {
  icon: LucideIcon;
  title: string;
  told: string;
  label: string;
  on: boolean;
  onChange: (wanted: boolean) => void;
}

/** Owners turn it on and off, maintainers off. */
function Switch({ icon, title, told, label, on, onChange }: SwitchProps) {
  const { manage, widen } = useAccess().access.may;
  const id = useId();
  return (
    <Door
      icon={icon}
      title={title}
      told={<span id={id}>{told}</span>}
      action={
        <label className="sh-check">
          <input type="checkbox" aria-describedby={id} checked={on} disabled={on ? !manage : !widen} onChange={(event) => onChange(event.target.checked)} />
          {label}
        </label>
      }
    />
  );
}
