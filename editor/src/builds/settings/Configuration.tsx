import { Suspense, useState } from "react";
import { asProblem } from "../../shared/api";
import { Button, showToast, Skeleton } from "../../shared/components";
import { enter } from "../../shared/router";
import { lazily } from "../../shared/lazily";
import type { Place } from "../place";
import type { BuildSettings } from "../types";
import type { Settings } from "./Settings";
import { Switch } from "./Switch";

const YamlField = lazily(() => import("./YamlField"));

interface Props {
  place: Place;
  settings: Settings;
  shown: BuildSettings;
}

/** A configuration kept here, in the words of firefly.yml; "save and build" tries it on any branch. */
export function Configuration({ place, settings, shown }: Props) {
  const kept = shown.configuration ?? "";
  const [text, setText] = useState(kept);
  const [branch, setBranch] = useState(place.project.default_branch);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const isOwner = place.project.role === "owner";
  const save = async (): Promise<boolean> => {
    try {
      await settings.save({ configuration: text.trim() ? text : null });
      setError(null);
      return true;
    } catch (thrown) {
      setError(asProblem(thrown).detail);
      return false;
    }
  };
  const run = (call: Promise<unknown>): void => {
    setBusy(true);
    void call.finally(() => setBusy(false));
  };
  const saveAndBuild = async (): Promise<void> => {
    if (!(await save())) return;
    try {
      const build = await place.api.start({ ref: branch.trim(), forced: true });
      enter(place.link("builds", build.number));
    } catch (thrown) {
      setError(asProblem(thrown).detail);
    }
  };
  return (
    <>
      <p className="ff-muted">
        Counts where the repository has no <code>firefly.yml</code>; a build shows which configuration won.
      </p>
      <Suspense fallback={<Skeleton rows={4} label="Loading the editor" />}>
        <YamlField label="Configuration" text={kept} hasError={error !== null} onChange={setText} />
      </Suspense>
      {error && (
        <p className="ff-field-error" role="alert">
          {error}
        </p>
      )}
      <Switch
        label="Forced"
        hint={isOwner ? "It counts before the repository's own firefly.yml, too." : "It counts before the repository's own firefly.yml, too. Only owners decide that."}
        isOn={shown.configuration_forced}
        onChange={(configuration_forced) => (isOwner ? void settings.change({ configuration_forced }, configuration_forced ? "This configuration counts first." : "The repository's configuration counts first.") : undefined)}
      />
      <div className="save-and-build">
        <Button busy={busy} disabled={text === kept} onClick={() => run(save().then((saved) => saved && showToast("The configuration is saved.")))}>
          Save
        </Button>
        <span className="save-and-build-gap" />
        <input className="ff-input" aria-label="Branch to build" value={branch} spellCheck={false} autoCapitalize="none" onChange={(event) => setBranch(event.target.value)} />
        <Button kind="primary" busy={busy} disabled={!branch.trim()} onClick={() => run(saveAndBuild())}>
          Save and build
        </Button>
      </div>
    </>
  );
}
