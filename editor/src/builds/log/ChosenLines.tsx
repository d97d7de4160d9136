import { X } from "lucide-react";
import { useStore } from "zustand";
import { CopyButton, IconButton } from "../../shared/components";
import type { Reading } from "./Reading";
import { hashOf, sayRange } from "./range";

/** Below the log: what can be done with the lines that the address names. */
export function ChosenLines({ reading }: { reading: Reading }) {
  const chosen = useStore(reading.store, (state) => state.chosen);
  if (!chosen) return null;
  return (
    <div className="log-chosen-lines" role="group" aria-label="Chosen lines">
      <span>{sayRange(chosen)}</span>
      <CopyButton kind="quiet" label="Copy the link" text={new URL(hashOf(chosen), location.href).href} />
      <CopyButton kind="quiet" label="Copy the text" text={reading.textOf(chosen)} />
      <IconButton label="Let go of them" tooltip="above" icon={<X size={14} aria-hidden />} onClick={() => reading.letGo()} />
    </div>
  );
}
