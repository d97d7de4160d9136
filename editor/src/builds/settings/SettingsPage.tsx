import { useEffect, useMemo } from "react";
import { ErrorState, Skeleton, StaleNote } from "../../shared/components";
import { useLoaded } from "../../shared/Loaded";
import type { Place } from "../place";
import { Badge } from "./Badge";
import { Configuration } from "./Configuration";
import { Hold } from "./Hold";
import { PolicyForm } from "./PolicyForm";
import { Settings } from "./Settings";
import "./settings.css";
import { Switch } from "./Switch";
import { TimeLimit } from "./TimeLimit";

/** What a project wants of its builds: when, how, how long, and who is told. */
export function SettingsPage({ place }: { place: Place }) {
  const settings = useMemo(() => new Settings(place.api), [place.api]);
  const { value: shown, problem } = useLoaded(settings);
  const { project } = place;
  useEffect(() => {
    document.title = `Build settings · ${project.owner}/${project.name}`;
  }, [project]);
  if (!shown)
    return (
      <div className="builds settings-of-builds">
        <h1>Build settings</h1>
        {problem ? <ErrorState problem={problem} onRetry={() => settings.load()} /> : <Skeleton rows={8} label="Loading the settings" />}
      </div>
    );
  const mayChange = project.role === "owner" || project.role === "maintainer";
  return (
    <div className="builds settings-of-builds">
      <h1>Build settings</h1>
      <StaleNote problem={problem} />
      {!mayChange && <p className="ff-muted">Only maintainers and owners change them.</p>}
      {/* What nobody may change here is shown, and out of reach. */}
      <fieldset className="settings-all" disabled={!mayChange}>
        <Section title="What is built">
          <PolicyForm settings={settings} shown={shown} />
          <Switch label="Pull requests" hint="Those of forks wait for approval, and are built without secrets." isOn={shown.pull_requests} onChange={(pull_requests) => void settings.change({ pull_requests }, pull_requests ? "Pull requests are built." : "Pull requests are not built any more.")} />
          <Hold settings={settings} shown={shown} />
        </Section>
        <Section title="Configuration">
          <Configuration place={place} settings={settings} shown={shown} />
        </Section>
        <Section title="Time limit">
          <TimeLimit settings={settings} shown={shown} />
        </Section>
        <Section title="Who is told">
          <Switch label="Commit status" hint="Pending, success or failure beside the commit at the provider, with a link here." isOn={shown.commit_status} onChange={(commit_status) => void settings.change({ commit_status }, "Saved.")} />
          <Switch label="Comment on pull requests" hint="One comment with the site's address, kept up to date." isOn={shown.pull_request_comment} onChange={(pull_request_comment) => void settings.change({ pull_request_comment }, "Saved.")} />
          <Switch label="Deployments" hint="Each site as a deployment at the provider." isOn={shown.deployments} onChange={(deployments) => void settings.change({ deployments }, "Saved.")} />
          <Switch label="Mail on failure" hint="To whoever pushed, when a branch that was good fails." isOn={shown.failure_mail} onChange={(failure_mail) => void settings.change({ failure_mail }, "Saved.")} />
        </Section>
      </fieldset>
      <Section title="Badge">
        <Badge place={place} secret={shown.badge_key} />
      </Section>
    </div>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="settings-part" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
