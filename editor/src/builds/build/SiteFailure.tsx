import { CircleAlert, ScrollText } from "lucide-react";
import { Button } from "../../shared/components";
import type { Site } from "../types";

/** The build went well, its site did not start: the page says that first, and leads to what the site printed. */
export function SiteFailure({ site, onOutput }: { site: Site; onOutput: () => void }) {
  return (
    <section className="failure" aria-label="Why the site is not live">
      <CircleAlert size={18} aria-hidden className="failure-icon" />
      <div className="failure-text">
        <h2>The site did not start</h2>
        {site.reason && <p>{site.reason}</p>}
        <div className="failure-actions">
          <Button icon={<ScrollText size={16} aria-hidden />} onClick={onOutput} title="See what it printed (S)">
            See its output
          </Button>
        </div>
      </div>
    </section>
  );
}
