import { CircleAlert, Moon } from "lucide-react";
import { Button } from "../shared/components";
import { useWorkbench, useWorkbenchState } from "./context";

/** Says what keeps the editor from working when waiting does not help, and offers the one thing to do. */
export function Banner() {
  const workbench = useWorkbench();
  const phase = useWorkbenchState((state) => state.phase);
  if (phase.name === "asleep") {
    return (
      <div className="wb-banner" role="status">
        <Moon size={16} aria-hidden />
        <span>The sandbox sleeps. {phase.reason}</span>
        <Button kind="primary" onClick={() => workbench.connect()}>
          Wake it
        </Button>
      </div>
    );
  }
  if (phase.name !== "failed" && phase.name !== "refused") return null;
  return (
    <div className="wb-banner wb-banner-bad" role="alert">
      <CircleAlert size={16} aria-hidden />
      <span>{phase.name === "failed" ? `The sandbox does not start: ${phase.reason}` : phase.reason}</span>
      {phase.name === "refused" && (
        <a className="ff-button ff-button-primary" href={`/auth/sign-in?next=${encodeURIComponent(location.pathname)}`}>
          Sign in
        </a>
      )}
      <Button onClick={() => workbench.connect()}>Try again</Button>
    </div>
  );
}
