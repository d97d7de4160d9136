export type DotState = "running" | "busy" | "stopped" | "failed";

const WORDS: Record<DotState, string> = {
  running: "Running",
  busy: "Working",
  stopped: "Asleep",
  failed: "Failed",
};

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });

interface Props {
  state: DotState;
  /** Said instead of the state's own word. */
  label?: string | undefined;
  /** Show the word beside the dot; otherwise it is there for screen readers and on hover. */
  showLabel?: boolean;
}

/** Shape and word tell the state, not the colour alone: filled, ring, hollow, square. */
export function StateDot({ state, label = WORDS[state], showLabel = false }: Props) {
  return (
    <span className={`ff-dot ff-dot-${state}`} title={showLabel ? undefined : label}>
      <span className="ff-dot-mark" aria-hidden="true" />
      <span className={showLabel ? undefined : "ff-hidden"}>{label}</span>
    </span>
  );
}

const STATES: Record<string, string> = {
  absent: "Never started",
  starting: "Starting",
  running: "Running",
  frozen: "Frozen",
  stopping: "Stopping",
  stopped: "Stopped",
  failed: "Failed",
};

/** The state of a sandbox in a word, why, and what becomes of it: "Frozen. Nothing happened in it for 10 min. Stops at 15:05." */
export function sayState(sandbox: { state: string; reason: string; freezes_at: string | null; stops_at: string | null }): string {
  const { state, reason, freezes_at: freezes, stops_at: stops } = sandbox;
  const next = [freezes && `sleeps at ${clock.format(new Date(freezes))}`, stops && `stops at ${clock.format(new Date(stops))}`];
  const then = next.filter(Boolean).join(", ");
  return [`${STATES[state] ?? state}.`, reason, then && `${then.charAt(0).toUpperCase()}${then.slice(1)}.`].filter(Boolean).join(" ");
}

export function dotOf(state: string): DotState {
  if (state === "running") return "running";
  if (state === "starting" || state === "stopping") return "busy";
  return state === "failed" ? "failed" : "stopped";
}
