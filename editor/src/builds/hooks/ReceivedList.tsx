import { RotateCw } from "lucide-react";
import { useMemo } from "react";
import { asProblem } from "../../shared/api";
import { Button, ErrorState, RelativeTime, showToast, Skeleton, StaleNote } from "../../shared/components";
import { Loaded, useLoaded } from "../../shared/Loaded";
import { StateMark } from "../StateMark";
import type { Mark } from "../words";
import type { HooksApi } from "./api";
import type { Received } from "./types";

const MARKS: Record<Received["state"], { mark: Mark; word: string }> = {
  received: { mark: "queued", word: "Received" },
  handled: { mark: "good", word: "Handled" },
  ignored: { mark: "skipped", word: "Ignored" },
  failed: { mark: "bad", word: "Failed" },
};

/** What the hook at the provider sent here, newest first; each can be handled once more. */
export function ReceivedList({ api }: { api: HooksApi }) {
  const received = useMemo(() => new Loaded(api.received), [api]);
  const { value: shown, problem } = useLoaded(received);
  const again = async (one: Received): Promise<void> => {
    try {
      await api.handleAgain(one.id);
      showToast("It is handled once more.");
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
    await received.load();
  };
  return (
    <section className="received" aria-label="From the provider">
      <h2>From the provider</h2>
      {shown?.length !== 0 && <p className="ff-muted">What the linked repository’s own hook sent here.</p>}
      {shown && <StaleNote problem={problem} />}
      {!shown ? (
        problem ? (
          <ErrorState problem={problem} onRetry={() => received.load()} />
        ) : (
          <Skeleton rows={2} label="Loading what was sent" />
        )
      ) : shown.length === 0 ? (
        <p className="ff-muted">Nothing yet. A project that is linked to a repository at GitHub, GitLab, Bitbucket, Gitea or Forgejo hears of its pushes this way.</p>
      ) : (
        <ul className="calls" aria-label="What the provider sent">
          {shown.map((one) => (
            <li key={one.id} className="call call-line">
              <StateMark {...MARKS[one.state]} size={14} />
              <span className="call-text">
                {one.summary || one.event}
                <span className="ff-faint">
                  {" "}
                  {one.reason} · <RelativeTime at={one.received_at} />
                </span>
              </span>
              {one.is_kept && (
                <Button kind="quiet" icon={<RotateCw size={14} aria-hidden />} onClick={() => again(one)}>
                  Handle again
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
