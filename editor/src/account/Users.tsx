import { Plus } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { asProblem, type Account, type Api, type CreatedAccount } from "../shared/api";
import { Button, CopyButton, Dialog, Field, initialsOf, RelativeTime, showToast } from "../shared/components";
import { Head } from "./Head";
import { NotYet } from "./NotYet";
import { useList } from "./useList";

const HEAD = { title: "Users", hint: "Everyone with an account on this Firefly." };

export function Users({ api, user }: { api: Api; user: Account }) {
  const { items, problem, again, change } = useList(api.users);
  const [making, setMaking] = useState(false);
  if (!items || problem) return <NotYet {...HEAD} problem={problem} onRetry={again} />;
  const setRole = async (account: Account, isAdministrator: boolean) => {
    const changed = await change(api.changeUser(account.name, { is_administrator: isAdministrator }));
    if (!changed) return;
    const undo = () => void change(api.changeUser(account.name, { is_administrator: !isAdministrator }));
    showToast(`${account.name} is ${isAdministrator ? "an administrator" : "a member"} now.`, { undo });
  };
  return (
    <div className="account account-wide">
      <Head {...HEAD}>
        <Button kind="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
          New user
        </Button>
      </Head>
      <ul className="items">
        {items.map((account) => (
          <li key={account.id} className="item">
            <span className="account-initials account-initials-small" aria-hidden="true">
              {initialsOf(account)}
            </span>
            <div className="item-text">
              <span className="item-title">
                {account.display_name || account.name}
                {account.id === user.id && <span className="badge">You</span>}
              </span>
              <span className="item-hint">
                {account.name} · since <RelativeTime at={account.created_at} />
              </span>
            </div>
            <select
              className="ff-input user-role"
              aria-label={`Role of ${account.name}`}
              value={account.is_administrator ? "administrator" : "member"}
              disabled={account.id === user.id}
              onChange={(event) => void setRole(account, event.target.value === "administrator")}
            >
              <option value="member">Member</option>
              <option value="administrator">Administrator</option>
            </select>
          </li>
        ))}
      </ul>
      {making && (
        <NewUser
          api={api}
          onClose={() => {
            setMaking(false);
            again();
          }}
        />
      )}
    </div>
  );
}

function NewUser({ api, onClose }: { api: Api; onClose: () => void }) {
  const [name, setName] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [isAdministrator, setAdministrator] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [created, setCreated] = useState<CreatedAccount | null>(null);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const display_name = displayName.trim();
      setCreated(await api.createUser({ name: name.trim(), display_name, is_administrator: isAdministrator }));
    } catch (thrown) {
      setError(asProblem(thrown).detail);
      setBusy(false);
    }
  };
  if (created) return <Invited created={created} onClose={onClose} />;
  return (
    <Dialog
      title="New user"
      description="You get a one-time link to hand on; they choose their password themselves."
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="new-user" busy={busy}>
            Make the account
          </Button>
        </>
      }
    >
      <form id="new-user" className="token-form" onSubmit={(event) => void submit(event)}>
        <Field label="Name" hint="Small letters, digits and single hyphens; part of their projects' addresses." error={error}>
          {(given) => (
            <input {...given} className="ff-input" required autoComplete="off" autoCapitalize="none" spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <Field label="Name as others see it" optional>
          {(given) => (
            <input {...given} className="ff-input" autoComplete="off" value={displayName} onChange={(event) => setDisplayName(event.target.value)} />
          )}
        </Field>
        <label className="scope">
          <input type="checkbox" checked={isAdministrator} onChange={(event) => setAdministrator(event.target.checked)} />
          <span>
            Administrator <span className="ff-faint">manages users and this installation</span>
          </span>
        </label>
      </form>
    </Dialog>
  );
}

function Invited({ created, onClose }: { created: CreatedAccount; onClose: () => void }) {
  return (
    <Dialog
      title={`${created.account.name} has an account`}
      description="Hand this link on. It works once, within a week."
      onClose={onClose}
      footer={<Button onClick={onClose}>Done</Button>}
    >
      <div className="secret">
        <code>{created.sign_in_url}</code>
        <CopyButton text={created.sign_in_url ?? ""} kind="primary" label="Copy the link" />
      </div>
    </Dialog>
  );
}
