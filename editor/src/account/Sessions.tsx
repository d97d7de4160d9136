import { Monitor } from "lucide-react";
import type { Api, Session } from "../shared/api";
import { Button, RelativeTime, showToast } from "../shared/components";
import { sayAgent } from "../shared/agents";
import { Head } from "./Head";
import { NotYet } from "./NotYet";
import { useList } from "./useList";

const HEAD = { title: "Sessions", hint: "Where you are signed in." };

export function Sessions({ api }: { api: Api }) {
  const { items, problem, again, change } = useList(api.sessions);
  if (!items || problem) return <NotYet {...HEAD} problem={problem} onRetry={again} />;
  const close = async (session: Session) => {
    if ((await change(api.closeSession(session.id).then(() => true))) === null) return;
    if (session.current) location.assign("/auth/sign-in");
    else showToast(`${sayAgent(session.user_agent)} is signed out.`);
  };
  const closeAll = async () => {
    if (await change(api.closeSessions().then(() => true))) location.assign("/auth/sign-in");
  };
  return (
    <div className="account">
      <Head {...HEAD}>
        <Button onClick={() => closeAll()}>Sign out everywhere</Button>
      </Head>
      <ul className="items">
        {items.map((session) => (
          <li key={session.id} className="item">
            <Monitor size={16} aria-hidden className="ff-muted" />
            <div className="item-text">
              <span className="item-title" title={session.user_agent}>
                {sayAgent(session.user_agent)}
                {session.current && <span className="badge">This browser</span>}
              </span>
              <span className="item-hint">
                {session.address ? `${session.address} · ` : ""}
                {session.last_used_at ? "used " : "signed in "}
                <RelativeTime at={session.last_used_at ?? session.created_at} />
              </span>
            </div>
            <Button kind="quiet" aria-label={`Sign out ${sayAgent(session.user_agent)}`} onClick={() => close(session)}>
              Sign out
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
