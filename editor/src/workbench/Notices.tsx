import { CircleAlert, Info, X } from "lucide-react";
import { Button } from "../shared/components";
import { useWorkbench, useWorkbenchState } from "./context";

export function Notices() {
  const { store } = useWorkbench();
  const notices = useWorkbenchState((state) => state.notices);
  return (
    <div className="wb-notices" role="status" aria-live="polite">
      {notices.map((notice) => (
        <div key={notice.id} className={`wb-notice wb-notice-${notice.tone}`}>
          {notice.tone === "bad" ? <CircleAlert size={16} aria-hidden /> : <Info size={16} aria-hidden />}
          <span className="wb-notice-text">{notice.text}</span>
          {notice.action && (
            <Button
              onClick={() => {
                store.dismiss(notice.id);
                notice.action?.run();
              }}
            >
              {notice.action.label}
            </Button>
          )}
          <button type="button" className="ff-icon-button" aria-label="Dismiss" onClick={() => store.dismiss(notice.id)}>
            <X size={16} aria-hidden />
          </button>
        </div>
      ))}
    </div>
  );
}
