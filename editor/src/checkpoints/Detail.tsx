import { ArrowLeft, CircleCheck, History as Clock, RotateCcw } from "lucide-react";
import { useMemo, useState } from "react";
import { Button, EmptyState, ErrorState, RelativeTime, sayExactly, Skeleton, useNow } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { counted } from "../sharing/words";
import { FileRow } from "./FileRow";
import { Difference, type History } from "./History";
import type { Against, Checkpoint } from "./types";
import { isText, sayClock, sayDay } from "./words";

interface Props {
  history: History;
  checkpoint: Checkpoint;
  /** The newest one's id: what has changed since is another thing when there is a newer one. */
  newest: string;
  /** On a phone, where one sees the list or this. */
  onBack: () => void;
  mayRestore: boolean;
}

const views: readonly { id: Against; label: string }[] = [
  { id: "before", label: "What it changed" },
  { id: "now", label: "Changed since" },
];

/** One checkpoint: what it changed, what has changed since, and the way back to it. */
export function Detail({ history, checkpoint, newest, onBack, mayRestore }: Props) {
  const [against, setAgainst] = useState<Against>("before");
  const [restoring, setRestoring] = useState<string | null>(null);
  const until = against === "now" ? newest : "";
  const difference = useMemo(() => new Difference(history.api, checkpoint.id, against, until), [history, checkpoint.id, against, until]);
  const at = new Date(checkpoint.at);
  const now = useNow();
  const restore = (path?: string): void => {
    setRestoring(path ?? "");
    void history.restore(checkpoint.id, path === undefined ? undefined : [path]).finally(() => setRestoring(null));
  };
  return (
    <section className="cp-detail" aria-label={`Checkpoint of ${sayExactly(at)}`}>
      <header className="cp-head">
        <button type="button" className="ff-icon-button cp-back" aria-label="All checkpoints" onClick={onBack}>
          <ArrowLeft size={16} aria-hidden />
        </button>
        <div className="cp-title">
          <h3 title={sayExactly(at)}>
            {sayDay(at, now)} at {sayClock(at)}
          </h3>
          <p className="ff-muted">
            <RelativeTime at={checkpoint.at} />
            {checkpoint.branch && ` on ${checkpoint.branch}`}
          </p>
        </div>
        {mayRestore && (
          <Button kind="primary" icon={<RotateCcw size={14} aria-hidden />} busy={restoring !== null} onClick={() => restore()}>
            {restoring === "" ? "Restoring…" : "Restore all files"}
          </Button>
        )}
      </header>
      <div className="cp-views" role="group" aria-label="Compare with">
        {views.map(({ id, label }) => (
          <button key={id} type="button" aria-pressed={id === against} onClick={() => setAgainst(id)}>
            {label}
          </button>
        ))}
      </div>
      <Files difference={difference} history={history} onRestore={mayRestore ? restore : undefined} busy={restoring !== null} />
    </section>
  );
}

interface FilesProps {
  difference: Difference;
  history: History;
  onRestore?: ((path: string) => void) | undefined;
  busy: boolean;
}

function Files({ difference, history, onRestore, busy }: FilesProps) {
  const { value, problem } = useLoaded(difference);
  /** undefined: nobody has chosen yet, so the first with lines is open. */
  const [chosen, setChosen] = useState<string | null | undefined>(undefined);
  if (!value) return problem ? <ErrorState problem={problem} onRetry={() => difference.load()} /> : <Skeleton rows={5} label="Comparing" />;
  if (value.files === 0) return <Nothing difference={difference} />;
  const open = chosen === undefined ? value.items.find(isText)?.path : chosen;
  return (
    <>
      {problem && (
        <p className="cp-note ff-bad" role="alert">
          This may be out of date: {problem.detail}
        </p>
      )}
      <ul className="cp-changes" aria-label={counted(value.files, "file")}>
        {value.items.map((file) => (
          <FileRow
            key={file.path}
            api={history.api}
            sides={value}
            file={file}
            isOpen={file.path === open}
            onToggle={() => setChosen(file.path === open ? null : file.path)}
            onRestore={onRestore && (() => onRestore(file.path))}
            busy={busy}
          />
        ))}
      </ul>
      {value.next && (
        <Button kind="quiet" className="cp-more" onClick={() => difference.more()}>
          Show more of {counted(value.files, "file")}
        </Button>
      )}
    </>
  );
}

function Nothing({ difference }: { difference: Difference }) {
  const isNow = difference.against === "now";
  const Icon = isNow ? CircleCheck : Clock;
  return (
    <EmptyState icon={<Icon size={20} aria-hidden />} title={isNow ? "Nothing has changed since" : "No file changed"}>
      {isNow ? "The files are as they were then." : "It keeps a commit, or the branch that was checked out."}
    </EmptyState>
  );
}
