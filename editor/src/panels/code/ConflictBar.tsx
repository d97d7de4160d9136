import { GitCompareArrows } from "lucide-react";
import { Button } from "../../shared/components";
import { useWorkbench, useWorkbenchState } from "../../workbench/context";
import { nameOf } from "../../workbench/paths";
import type { Conflict } from "../../workbench/state";

/** Somebody else has changed the file since this text was begun: nothing is lost until one of the two is chosen. */
export function ConflictBar({ path, conflict }: { path: string; conflict: Conflict }) {
  const { documents, store, buffers } = useWorkbench();
  const comparing = useWorkbenchState((state) => state.comparing);
  /** The bar goes with the conflict: who has decided goes on typing. */
  const decide = (decision: (path: string) => void): void => {
    decision(path);
    requestAnimationFrame(() => buffers.focus());
  };
  return (
    <div className="wb-conflict" role="alert">
      <GitCompareArrows size={16} aria-hidden />
      <span>
        {conflict.deleted
          ? `${nameOf(path)} was deleted elsewhere.`
          : `${nameOf(path)} was changed elsewhere, too.`}
      </span>
      <span className="wb-conflict-actions">
        {!conflict.deleted && (
          <Button aria-pressed={comparing} onClick={() => store.set({ comparing: !comparing })}>
            Compare
          </Button>
        )}
        <Button onClick={() => decide((path) => documents.takeTheirs(path))}>{conflict.deleted ? "Close it" : "Take theirs"}</Button>
        <Button kind="primary" onClick={() => decide((path) => documents.keepMine(path))}>
          Keep mine
        </Button>
      </span>
    </div>
  );
}
