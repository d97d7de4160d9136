interface Props {
  label: string;
  hint?: string;
  /** Said instead of the label, where that is but "On". */
  name?: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}

export function Switch({ label, hint, name, isOn, onChange }: Props) {
  return (
    <label className="switch">
      <input type="checkbox" role="switch" aria-label={name} checked={isOn} onChange={(event) => onChange(event.target.checked)} />
      <span className="switch-text">
        {label}
        {hint && <span className="ff-muted">{hint}</span>}
      </span>
    </label>
  );
}
