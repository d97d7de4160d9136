import { UsersRound, X } from "lucide-react";
import { useEffect, type ReactNode } from "react";
import { Button } from "../shared/components";
import { hear, loadDesk, of, putOff, shownOf, useDesk } from "./desk";
import { onAccess } from "./heard";
import { CodeCard, RequestCard } from "./RequestCard";
import "./sharing.css";

interface Props {
  /** Only what is about this project. */
  projectId?: string;
  /** They are shown elsewhere on the page. */
  hidden?: boolean;
  /** Where all are shown. */
  onShow: () => void;
  /** Told how many wait, put off or not. */
  onCount?: (count: number) => void;
}

/** Tells of whoever asks for access, at the page's edge: one with its answers, several as one line. */
export default function RequestNotice({ projectId, hidden = false, onShow, onCount }: Props) {
  const desk = useDesk();
  const shown = shownOf(desk, projectId);
  const count = of(desk.waiting, projectId).length;
  useEffect(() => {
    void loadDesk();
    return onAccess(hear);
  }, []);
  useEffect(() => {
    onCount?.(count);
    return () => onCount?.(0);
  }, [count, onCount]);
  if (hidden) return null;
  const codes = Object.entries(desk.codes);
  const [only] = shown;
  return (
    <div className="sh-notices" role="status" aria-live="polite">
      {codes.map(([id, answered]) => (
        <div key={id} className="sh-notice">
          <CodeCard id={id} answered={answered} />
        </div>
      ))}
      {only && shown.length === 1 && (
        <Notice onLater={() => putOff(shown)}>
          <RequestCard waiting={only} withProject={projectId === undefined} />
        </Notice>
      )}
      {shown.length > 1 && (
        <Notice onLater={() => putOff(shown)}>
          <div className="sh-several">
            <UsersRound size={16} aria-hidden />
            <p>{shown.length} people ask for access</p>
            <Button
              kind="primary"
              onClick={() => {
                putOff(shown);
                onShow();
              }}
            >
              Show
            </Button>
          </div>
        </Notice>
      )}
    </div>
  );
}

function Notice({ onLater, children }: { onLater: () => void; children: ReactNode }) {
  return (
    <div className="sh-notice">
      {children}
      <button type="button" className="ff-icon-button" aria-label="Later" title="Later" onClick={onLater}>
        <X size={16} aria-hidden />
      </button>
    </div>
  );
}
