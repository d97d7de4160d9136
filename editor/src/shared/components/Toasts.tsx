import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { useToasts, type Toast } from "./toasts";

const SHOWN_FOR = 5000;
const UNDO_FOR = 10_000;

interface Props {
  /** What stands below them for as long as it is so. */
  standing?: ReactNode;
}

/** Stands once in a page, and moves into the dialog in front. Each goes away by itself, but not while the pointer or the focus rests on it. */
export function Toasts({ standing }: Props) {
  const shown = useToasts((state) => state.shown);
  const front = useToasts((state) => state.dialogs.at(-1));
  const toasts = (
    <div className="ff-toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <Row key={toast.id} toast={toast} />
      ))}
      {standing}
    </div>
  );
  return front ? createPortal(toasts, front) : toasts;
}

function Row({ toast }: { toast: Toast }) {
  const dismiss = useToasts((state) => state.dismiss);
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(toast.id), toast.undo ? UNDO_FOR : SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [held, toast, dismiss]);
  const Icon = toast.kind === "done" ? CircleCheck : CircleAlert;
  return (
    // Resting on it only keeps it: whatever can be done has a button.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="group"
      aria-label={toast.text}
      className={`ff-toast ff-toast-${toast.kind}`}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon size={16} aria-hidden />
      <span className="ff-toast-text">{toast.text}</span>
      {toast.undo && (
        <button
          type="button"
          className="ff-link"
          onClick={() => {
            dismiss(toast.id);
            toast.undo?.();
          }}
        >
          Undo
        </button>
      )}
      <button type="button" className="ff-icon-button" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
        <X size={14} aria-hidden />
      </button>
    </div>
  );
}
