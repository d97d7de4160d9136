import { FileWarning } from "lucide-react";
import { useMemo } from "react";
import { sayBytes } from "../account/amounts";
import { Loaded, useLoaded } from "../shared/Loaded";
import { counted } from "../sharing/words";
import type { CheckpointsApi } from "./api";

/** Files that no checkpoint and no copy holds, why, and what to do; and why the latest edits are not kept yet. */
export function NotKept({ api }: { api: CheckpointsApi }) {
  const status = useMemo(() => new Loaded(() => api.status()), [api]);
  const { value } = useLoaded(status);
  if (!value || (value.refused.length === 0 && !value.error)) return null;
  return (
    <div className="cp-refused">
      {value.error && <p className="ff-bad">{value.error}</p>}
      {value.refused.length > 0 && (
        <details>
          <summary>
            <FileWarning size={16} aria-hidden />
            {counted(value.refused.length, "file")} {value.refused.length === 1 ? "is" : "are"} not kept
          </summary>
          <ul aria-label="Files that are not kept">
            {value.refused.map(({ path, size, reason, remedy }) => (
              <li key={path}>
                <p>
                  <code>{path}</code> <span className="ff-faint">{sayBytes(size)}</span>
                </p>
                <p className="ff-muted">
                  {reason} {remedy}
                </p>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
