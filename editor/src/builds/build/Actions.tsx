import { Check, CircleStop, OctagonX, Play, RotateCw, X } from "lucide-react";
import { useState } from "react";
import type { Role } from "../../shared/api";
import { Button } from "../../shared/components";
import { useKeptFocus } from "../../shared/useKeptFocus";
import type { Build } from "../types";
import { isOver } from "../words";
import { KillDialog } from "./KillDialog";
import type { OneBuild } from "./OneBuild";

interface Props {
  build: Build;
  one: OneBuild;
  role: Role | null;
  onRetried: (build: Build) => void;
}

/** What can be done to a build in its state. Ending one that runs loses its work, and asks; all else can be undone. */
export function Actions({ build, one, role, onRetried }: Props) {
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const box = useKeptFocus<HTMLDivElement>();
  if (!role || role === "viewer") return null;
  const run = (call: Promise<unknown>): void => {
    setBusy(true);
    void call.finally(() => setBusy(false));
  };
  const retry = async (): Promise<void> => {
    const made = await one.retry();
    if (made) onRetried(made);
  };
  const live = build.site?.state === "live" || build.site?.state === "starting";
  return (
    <div ref={box} className="build-actions">
      {build.state === "waiting" && (
        <Button kind="primary" busy={busy} icon={<Check size={16} aria-hidden />} onClick={() => run(one.approve())}>
          Approve
        </Button>
      )}
      {(build.state === "queued" || build.state === "waiting") && (
        <Button busy={busy} icon={<X size={16} aria-hidden />} onClick={() => run(one.cancel())}>
          Cancel
        </Button>
      )}
      {build.state === "running" && (
        <Button icon={<OctagonX size={16} aria-hidden />} onClick={() => setAsks(true)}>
          Kill
        </Button>
      )}
      {live && (
        <Button busy={busy} icon={<CircleStop size={16} aria-hidden />} onClick={() => run(one.stopSite())}>
          Stop site
        </Button>
      )}
      {build.site && !live && build.artifact && (
        <Button busy={busy} icon={<Play size={16} aria-hidden />} onClick={() => run(one.startSite())}>
          Start site
        </Button>
      )}
      {isOver(build.state) && (
        <Button kind={build.state === "succeeded" ? "plain" : "primary"} busy={busy} icon={<RotateCw size={16} aria-hidden />} onClick={() => run(retry())}>
          Build again
        </Button>
      )}
      {asks && (
        <KillDialog
          title={`Kill build ${build.number}?`}
          text={`What it has done so far is lost; its log stays. A site that ${build.branch} has goes on showing the build before.`}
          onKill={() => one.kill()}
          onClose={() => setAsks(false)}
        />
      )}
    </div>
  );
}
