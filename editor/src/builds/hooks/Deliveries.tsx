import { RotateCw } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { asProblem } from "../../shared/api";
import { Button, ErrorState, RelativeTime, showToast, Skeleton } from "../../shared/components";
import { Loaded, useLoaded } from "../../shared/Loaded";
import { StateMark } from "../StateMark";
import type { Mark } from "../words";
import type { HooksApi } from "./api";
import type { Delivery, Hook } from "./types";

const MARKS: Record<Delivery["state"], { mark: Mark; word: string }> = {
  waiting: { mark: "queued", word: "Waits" },
  delivered: { mark: "good", word: "Delivered" },
  failed: { mark: "bad", word: "Failed" },
};

/** So often one looks again while a call is on its way. */
const SOON = 2_000;

/** The calls of a hook, newest first; each can be sent once more. */
export function Deliveries({ hook, api }: { hook: Hook; api: HooksApi }) {
  const calls = useMemo(() => new Loaded(() => api.deliveries(hook.id)), [api, hook.id]);
  const { value: shown, problem } = useLoaded(calls);
  const waits = shown?.some(({ state }) => state === "waiting") ?? false;
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(() => void calls.load(), SOON);
    return () => clearInterval(timer);
  }, [waits, calls]);
  const again = async (delivery: Delivery): Promise<void> => {
    try {
      await api.redeliver(hook.id, delivery.id);
      showToast("It is sent once more.");
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
    await calls.load();
  };
  if (!shown) return problem ? <ErrorState problem={problem} onRetry={() => calls.load()} /> : <Skeleton rows={2} label="Loading the calls" />;
  if (shown.length === 0) return <p className="ff-muted hook-none">It was not called in the last 30 days.</p>;
  return (
    <ul className="calls" aria-label={`Calls of ${hook.host}`}>
      {shown.map((delivery) => (
        <Call key={delivery.id} delivery={delivery} onAgain={() => void again(delivery)} />
      ))}
    </ul>
  );
}

function Call({ delivery, onAgain }: { delivery: Delivery; onAgain: () => void }) {
  const [open, setOpen] = useState(false);
  return (
    <li className="call">
      <div className="call-line">
        <StateMark {...MARKS[delivery.state]} size={14} />
        <button type="button" className="call-open" aria-expanded={open} onClick={() => setOpen(!open)}>
          {delivery.event}
          <span className="ff-faint">
            {" "}
            {delivery.status ? `answered with ${delivery.status}` : delivery.reason} · <RelativeTime at={delivery.created_at} />
            {delivery.state === "waiting" && delivery.attempts > 0 && (
              <>
                {" "}
                · once more <RelativeTime at={delivery.due_at} />
              </>
            )}
          </span>
        </button>
        <Button kind="quiet" icon={<RotateCw size={14} aria-hidden />} onClick={onAgain}>
          Send again
        </Button>
      </div>
      {open && (
        // What is too long scrolls, and must be reachable by key.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre className="call-body" tabIndex={0} aria-label="What was sent, and the answer">
          <b>Sent</b>
          {`\n${delivery.body}`}
          {delivery.answer && (
            <>
              {"\n\n"}
              <b>Answered</b>
              {`\n${delivery.answer}`}
            </>
          )}
        </pre>
      )}
    </li>
  );
}
