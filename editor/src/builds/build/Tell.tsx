import { Bell, BellRing } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { IconButton, showToast } from "../../shared/components";
import type { Build } from "../types";
import { isOver, lookOf } from "../words";

const KEPT = "firefly-tell-of-builds";

/** Asks for a notification when a build that is watched ends while one looks elsewhere; off until then. */
export function Tell({ build }: { build: Build }) {
  const [tells, setTells] = useState(mayTell);
  useEnd(build, () => tells && !document.hasFocus() && tell(build));
  if (isOver(build.state) || !("Notification" in window)) return null;
  const change = async (): Promise<void> => {
    const wanted = !tells && (await Notification.requestPermission()) === "granted";
    localStorage.setItem(KEPT, wanted ? "1" : "");
    setTells(wanted);
    if (wanted) showToast("You are told when it ends, while this page is open.");
    else if (!tells) showToast("The browser does not let this page tell you. Its settings for this site say otherwise.", { kind: "problem" });
  };
  const Icon = tells ? BellRing : Bell;
  return <IconButton label={tells ? "You are told when it ends" : "Tell me when it ends"} aria-pressed={tells} className="log-follow" icon={<Icon size={16} aria-hidden />} onClick={() => void change()} />;
}

/** Calls once when a build that was on its way has ended. */
function useEnd(build: Build, onEnd: () => void): void {
  const before = useRef(isOver(build.state));
  useEffect(() => {
    const over = isOver(build.state);
    if (over && !before.current) onEnd();
    before.current = over;
  });
}

function mayTell(): boolean {
  return "Notification" in window && Notification.permission === "granted" && localStorage.getItem(KEPT) === "1";
}

function tell(build: Build): void {
  const told = new Notification(`${lookOf(build.state).word}: ${build.subject || build.branch}`, { body: `Build ${build.number} of ${build.project}${build.failure ? `: ${build.failure.cause}` : ""}`, tag: build.id });
  told.onclick = () => {
    window.focus();
    told.close();
  };
}
