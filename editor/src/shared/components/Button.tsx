import { useState, type ButtonHTMLAttributes, type MouseEvent, type ReactNode, type Ref } from "react";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "onClick"> {
  /** `primary` is the one thing to do next; `danger` loses something. */
  kind?: "primary" | "plain" | "quiet" | "danger";
  icon?: ReactNode;
  busy?: boolean;
  /** Where it returns a promise, the button is busy until that is settled. */
  onClick?: ((event: MouseEvent<HTMLButtonElement>) => unknown) | undefined;
  ref?: Ref<HTMLButtonElement>;
}

/** What is at work already is not pressed again, also where it submits a form. */
export function Button({ kind = "plain", icon, busy = false, onClick, className = "", children, ...rest }: Props) {
  const [works, setWorks] = useState(false);
  const isBusy = busy || works;
  const press = (event: MouseEvent<HTMLButtonElement>): void => {
    if (isBusy) {
      event.preventDefault();
      return;
    }
    const done = onClick?.(event);
    if (!(done instanceof Promise)) return;
    setWorks(true);
    void done.finally(() => setWorks(false));
  };
  return (
    <button type="button" {...rest} aria-busy={isBusy || undefined} aria-disabled={isBusy || undefined} onClick={press} className={`ff-button ff-button-${kind} ${className}`}>
      {icon}
      {children}
    </button>
  );
}
