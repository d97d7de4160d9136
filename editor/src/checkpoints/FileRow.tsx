import { ChevronRight, FileDiff as Changed, FileMinus, FilePlus, RotateCcw } from "lucide-react";
import { Suspense } from "react";
import { Button, Skeleton } from "../shared/components";
import { lazily } from "../shared/lazily";
import type { CheckpointsApi } from "./api";
import type { Changes, FileChange } from "./types";
import { isText, sayChange } from "./words";

const FileDiff = lazily(() => import("./FileDiff"));
const icons: Record<FileChange["change"], typeof Changed> = { added: FilePlus, deleted: FileMinus, modified: Changed };

interface Props {
  api: CheckpointsApi;
  sides: Pick<Changes, "base" | "target">;
  file: FileChange;
  isOpen: boolean;
  onToggle: () => void;
  /** Left out for whoever may only look. */
  onRestore?: (() => void) | undefined;
  busy: boolean;
}

/** A file that differs: its name and lines, and below it, when asked for, the lines themselves. */
export function FileRow({ api, sides, file, isOpen, onToggle, onRestore, busy }: Props) {
  const Icon = icons[file.change];
  const cut = file.path.lastIndexOf("/") + 1;
  return (
    <li className="cp-file">
      <div className="cp-file-head">
        <button type="button" className="cp-file-name" aria-expanded={isOpen} onClick={onToggle}>
          <ChevronRight size={14} className="cp-twist" aria-hidden />
          <Icon size={16} className={`cp-${file.change}`} aria-hidden />
          <span className="cp-path">
            <span className="ff-faint">{file.path.slice(0, cut)}</span>
            {file.path.slice(cut)}
          </span>
          <span className="ff-hidden"> {sayChange(file)}</span>
          <Lines added={file.added} removed={file.removed} />
        </button>
        {onRestore && (
          <Button kind="quiet" icon={<RotateCcw size={14} aria-hidden />} aria-label={`Restore ${file.path}`} busy={busy} onClick={onRestore}>
            Restore
          </Button>
        )}
      </div>
      {isOpen &&
        (isText(file) ? (
          <Suspense fallback={<Skeleton rows={6} label="Comparing" />}>
            <FileDiff api={api} sides={sides} file={file} />
          </Suspense>
        ) : (
          <p className="cp-note">Its lines are not compared: it is no text, or larger than 1 MiB. It can be restored all the same.</p>
        ))}
    </li>
  );
}

export function Lines({ added, removed }: { added: number | null; removed: number | null }) {
  if (added === null || removed === null) return <span className="cp-count ff-faint">not text</span>;
  return (
    <span className="cp-count" title={`${added} lines added, ${removed} removed`}>
      {added > 0 && <span className="cp-plus">+{added}</span>} {removed > 0 && <span className="cp-minus">−{removed}</span>}
    </span>
  );
}
