import { X } from "lucide-react";
import { useEffect, useId, useRef, type ReactNode } from "react";
import { hostToasts } from "./toasts";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Buttons at the bottom; the last one is what the dialog is for. */
  footer?: ReactNode;
  description?: ReactNode;
  width?: "small" | "medium" | "large" | "sheet" | "wide";
}

const FIELDS = "input:not([type=radio], :disabled), input:checked, select:not(:disabled), textarea";

/** The first field of the dialog, else its chosen tab, else the button that it is for. */
function firstFocus(dialog: HTMLElement): HTMLElement | null | undefined {
  const body = dialog.querySelector(".ff-dialog-body");
  const places = [FIELDS, "[role=tab][tabindex='0']"].map((selector) => body?.querySelector<HTMLElement>(selector));
  return places.find(Boolean) ?? dialog.querySelector<HTMLElement>(".ff-dialog-foot > button:last-child");
}

/** A modal: the browser's own `dialog`, which keeps the focus inside and gives it back. */
export function Dialog({ title, description, onClose, children, footer, width = "medium" }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement as HTMLElement | null;
    if (element && !element.open) {
      element.showModal();
      firstFocus(element)?.focus();
    }
    const leave = element ? hostToasts(element) : undefined;
    return () => {
      leave?.();
      element?.close();
      before?.focus();
    };
  }, []);
  return (
    // A click beside the card closes it, like Escape does.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      className={`ff-dialog ff-dialog-${width}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === dialog.current && onClose()}
    >
      <div className="ff-dialog-card">
        <header className="ff-dialog-head">
          <div>
            <h2 id={id}>{title}</h2>
            {description && <p className="ff-muted">{description}</p>}
          </div>
          <button type="button" className="ff-icon-button" aria-label="Close" onClick={onClose}>
            <X size={16} aria-hidden />
          </button>
        </header>
        <div className="ff-dialog-body">{children}</div>
        {footer && <footer className="ff-dialog-foot">{footer}</footer>}
      </div>
    </dialog>
  );
}
