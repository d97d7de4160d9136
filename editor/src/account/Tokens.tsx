import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import type { Account, Api, Token } from "../shared/api";
import { Button, Dialog, EmptyState, RelativeTime, showToast } from "../shared/components";
import { NewToken } from "./NewToken";
import { Head } from "./Head";
import { NotYet } from "./NotYet";
import { useList } from "./useList";

const HEAD = { title: "API tokens", hint: "For git, the command line and programs that act for you." };

export function Tokens({ api, user }: { api: Api; user: Account }) {
  const { items, problem, again, change } = useList(api.tokens);
  const [making, setMaking] = useState(false);
  const [leaving, setLeaving] = useState<Token | null>(null);
  if (!items || problem) return <NotYet {...HEAD} problem={problem} onRetry={again} />;
  const revoke = async (token: Token) => {
    setLeaving(null);
    if ((await change(api.revokeToken(token.id).then(() => true))) !== null) showToast(`${token.name} is revoked.`);
  };
  const button = (
    <Button kind="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
      New token
    </Button>
  );
  return (
    <div className="account">
      <Head {...HEAD}>
        {items.length > 0 && button}
      </Head>
      {items.length === 0 ? (
        <EmptyState icon={<KeyRound size={20} aria-hidden />} title="No tokens yet" action={button}>
          A token is the password that <code>git push</code> and <code>firefly login</code> ask for.
        </EmptyState>
      ) : (
        <ul className="items">
          {items.map((token) => (
            <li key={token.id} className="item">
              <KeyRound size={16} aria-hidden className="ff-muted" />
              <div className="item-text">
                <span className="item-title">
                  {token.name}
                  {token.scopes.map((scope) => (
                    <span key={scope} className="badge">
                      {scope}
                    </span>
                  ))}
                </span>
                <span className="item-hint">
                  <Expiry token={token} /> ·{" "}
                  {token.last_used_at ? (
                    <>
                      used <RelativeTime at={token.last_used_at} />
                    </>
                  ) : (
                    "never used"
                  )}
                </span>
              </div>
              <Button kind="quiet" aria-label={`Revoke ${token.name}`} onClick={() => setLeaving(token)}>
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
      {making && (
        <NewToken
          api={api}
          user={user}
          onClose={() => {
            setMaking(false);
            again();
          }}
        />
      )}
      {leaving && (
        <Dialog
          title={`Revoke ${leaving.name}?`}
          width="small"
          onClose={() => setLeaving(null)}
          footer={
            <>
              <Button onClick={() => setLeaving(null)}>Keep it</Button>
              <Button kind="danger" onClick={() => revoke(leaving)}>
                Revoke the token
              </Button>
            </>
          }
        >
          Whatever signs in with it is shut out at once. This cannot be undone.
        </Dialog>
      )}
    </div>
  );
}

function Expiry({ token }: { token: Token }) {
  if (!token.expires_at) return "does not expire";
  const word = Date.parse(token.expires_at) < Date.parse(new Date().toISOString()) ? "expired" : "expires";
  return (
    <>
      {word} <RelativeTime at={token.expires_at} />
    </>
  );
}
