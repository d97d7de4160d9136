export type DotState = "running" | "busy" | "stopped" | "failed";

const WORDS: Record<DotState, string> = {
  running: "Running",
  busy: "Working",
  stopped: "Asleep",
  failed: "Failed",
};

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

export function dotOf(state: string): DotState {
  if (state === "running") return "running";
  if (state === "starting" || state === "stopping") return "busy";
  return state === "failed" ? "failed" : "stopped";
}
