import { ExternalLink } from "lucide-react";
import { StateDot, type DotState } from "../../shared/components";
import type { Site } from "../types";
import { hostOf, saySite } from "../words";

/** Where the site is: the biggest link of the page while it is live. */
export function SiteLink({ site }: { site: Site }) {
  const others = site.urls.filter((url) => url !== site.url);
  return (
    <div className={site.state === "live" ? "site site-live" : "site"}>
      {site.state === "live" ? (
        <a className="site-address" href={site.url} target="_blank" rel="noopener" title="Open the site (O)">
          {hostOf(site.url)}
          <ExternalLink size={18} aria-hidden />
        </a>
      ) : (
        site.url && <span className="site-address ff-muted">{hostOf(site.url)}</span>
      )}
      <StateDot state={dotOfSite(site)} label={saySite(site)} showLabel />
      {site.reason && !isWell(site) && <p className="ff-muted">{site.reason}</p>}
      {site.state === "live" && others.length > 0 && (
        <p className="site-others">
          {others.map((url) => (
            <a key={url} href={url} target="_blank" rel="noopener">
              {hostOf(url)}
            </a>
          ))}
        </p>
      )}
    </div>
  );
}

/** Live, and with nothing to say about it. */
function isWell({ state, reason }: Site): boolean {
  return state === "live" && reason === "It is shown.";
}

export function dotOfSite({ state, sandbox_state: sandbox }: Site): DotState {
  if (state === "starting") return "busy";
  if (state === "failed") return "failed";
  const sleeps = sandbox === "stopped" || sandbox === "frozen" || sandbox === "absent";
  return state === "live" && !sleeps ? "running" : "stopped";
}
