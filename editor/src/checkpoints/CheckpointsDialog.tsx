import { History as Clock } from "lucide-react";
import { useMemo, useState } from "react";
import { Dialog, EmptyState, ErrorState, Skeleton } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { CheckpointsApi, type Key } from "./api";
import { CheckpointList } from "./CheckpointList";
import { Detail } from "./Detail";
import { History } from "./History";
import { NotKept } from "./NotKept";
import "./checkpoints.css";

interface Props extends Key {
  mayRestore: boolean;
  /** Asking which files are not kept wakes it; the checkpoints themselves lie outside. */
  isAwake: boolean;
  onClose: () => void;
}

/** What was kept of a workspace's files: by time, with what changed, and the way back. */
export default function CheckpointsDialog({ owner, name, workspace, mayRestore, isAwake, onClose }: Props) {
  const api = useMemo(() => new CheckpointsApi({ owner, name, workspace }), [owner, name, workspace]);
  return (
    <Dialog title="Checkpoints" description="Every edit is kept within seconds, outside of the sandbox." onClose={onClose} width="wide">
      {isAwake && <NotKept api={api} />}
      <Browse api={api} mayRestore={mayRestore} />
    </Dialog>
  );
}

function Browse({ api, mayRestore }: { api: CheckpointsApi; mayRestore: boolean }) {
  const history = useMemo(() => new History(api), [api]);
  const { value, problem } = useLoaded(history);
  /** undefined: nobody has chosen yet, so the newest is shown where there is room for it. */
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  if (!value) return problem ? <ErrorState problem={problem} onRetry={() => history.load()} /> : <Skeleton rows={8} label="Loading the checkpoints" />;
  const shown = value.items.find(({ id }) => id === chosen) ?? value.items[0];
  if (!shown) {
    return (
      <EmptyState icon={<Clock size={20} aria-hidden />} title="Nothing was kept yet">
        The hosted repository has all there is. Edit a file: a few seconds later its checkpoint is here.
      </EmptyState>
    );
  }
  return (
    <div className="cp-browse" data-chosen={chosen !== undefined || undefined}>
      <CheckpointList items={value.items} chosen={shown.id} onChoose={setChosen} onMore={value.next ? () => void history.more() : undefined} />
      <Detail key={shown.id} history={history} checkpoint={shown} newest={value.items[0]?.id ?? ""} onBack={() => setChosen(undefined)} mayRestore={mayRestore} />
    </div>
  );
}
