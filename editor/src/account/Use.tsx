import { useMemo } from "react";
import type { Account, Amount, Api, Quota } from "../shared/api";
import { ErrorState, type Figure, Figures, Skeleton } from "../shared/components";
import { Loaded, useLoaded } from "../shared/Loaded";

/** What one takes up beside what one may: near the limit is seen before a push waits for it. */
export function Use({ api, user }: { api: Api; user: Account }) {
  const use = useMemo(() => new Loaded(() => api.quotas(user.name)), [api, user.name]);
  const { value, problem } = useLoaded(use);
  const own = value?.items.find(({ owner }) => owner === user.name);
  return (
    <section className="account-section use" aria-labelledby="use-title">
      <h2 id="use-title">What you use</h2>
      {own ? <Figures figures={figuresOf(own)} narrow /> : problem ? <ErrorState problem={problem} onRetry={() => use.load()} /> : <Skeleton rows={2} label="Loading what you use" />}
      {own && own.exceeded.length > 0 && (
        <p className="ff-bad" role="status">
          {sayTooMuch(own.exceeded)}
        </p>
      )}
    </section>
  );
}

const WORDS: Record<string, string> = { projects: "projects", running: "builds at once", minutes: "minutes of builds", sites: "running sites" };

export function figuresOf({ projects, running, minutes, sites }: Quota): Figure[] {
  return [
    { name: "Projects", value: sayAmount(projects), href: "/" },
    { name: "Running sites", value: sayAmount(sites) },
    { name: "Builds now", value: sayAmount(running) },
    { name: "Minutes this month", value: sayAmount(minutes) },
  ];
}

/** "3 of 20"; what has no limit is "3". */
function sayAmount({ used, most }: Amount): string {
  const shown = used.toLocaleString("en", { maximumFractionDigits: 1 });
  return most === null ? shown : `${shown} of ${most.toLocaleString("en")}`;
}

export function sayTooMuch(exceeded: readonly string[]): string {
  const names = exceeded.map((name) => WORDS[name] ?? name);
  return `You have more ${new Intl.ListFormat("en").format(names)} than you may. Stop or delete some, or ask an administrator for more.`;
}
