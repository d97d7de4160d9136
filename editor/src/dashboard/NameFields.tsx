import type { Visibility } from "../shared/api";
import { Field } from "../shared/components";

interface Props {
  name: string;
  onName: (name: string) => void;
  error: string | null;
  visibility: Visibility;
  /** null: there is nothing to choose. */
  onVisibility: ((visibility: Visibility) => void) | null;
}

/** What every new project is asked: its name, and who may see it. */
export function NameFields({ name, onName, error, visibility, onVisibility }: Props) {
  return (
    <div className="name-fields">
      <Field label="Name" error={error}>
        {(given) => (
          <input
            {...given}
            className="ff-input"
            name="name"
            value={name}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            onChange={(event) => onName(event.target.value)}
          />
        )}
      </Field>
      <Field label="Who can see it">
        {(given) => (
          <select
            {...given}
            className="ff-input"
            value={visibility}
            disabled={!onVisibility}
            onChange={(event) => onVisibility?.(event.target.value as Visibility)}
          >
            <option value="members">Members only</option>
            <option value="public">Everyone, its preview too</option>
          </select>
        )}
      </Field>
    </div>
  );
}
