import { useId, type ReactNode } from "react";

interface Given {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

interface Props {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
  optional?: boolean;
  /** The label is for screen readers; what is seen says it already. */
  hidden?: boolean;
  /** The control; gets the attributes that tie label, hint and error to it. */
  children: (given: Given) => ReactNode;
}

export function Field({ label, hint, error, optional = false, hidden = false, children }: Props) {
  const id = useId();
  const told = error ?? hint;
  return (
    <div className="ff-field">
      <label htmlFor={id} className={hidden ? "ff-hidden" : undefined}>
        {label}
        {optional && <span className="ff-faint"> optional</span>}
      </label>
      {children({ id, "aria-describedby": told ? `${id}-told` : undefined, "aria-invalid": error ? true : undefined })}
      {told && (
        <p id={`${id}-told`} className={error ? "ff-field-error" : "ff-field-hint"} role={error ? "alert" : undefined}>
          {told}
        </p>
      )}
    </div>
  );
}
