import { useState, type SyntheticEvent } from "react";
import { asProblem, type Account, type Api, type CreatedToken } from "../shared/api";
import { Button, CopyButton, Dialog, Field } from "../shared/components";

const SCOPES = [
  { id: "read", label: "Read", hint: "see projects, files and output" },
  { id: "write", label: "Write", hint: "create and change projects and files, run commands" },
  { id: "git", label: "Git", hint: "clone, fetch and push" },
  { id: "admin", label: "Administer", hint: "manage users and this installation" },
];
const LIFETIMES = [
  { days: 7, label: "7 days" },
  { days: 30, label: "30 days" },
  { days: 90, label: "90 days" },
  { days: 365, label: "One year" },
  { days: 0, label: "No end" },
];
const DAY = 86_400_000;

interface Props {
  api: Api;
  user: Account;
  onClose: () => void;
}

export function NewToken({ api, user, onClose }: Props) {
  const [created, setCreated] = useState<CreatedToken | null>(null);
  return created ? <Shown token={created} onClose={onClose} /> : <Form api={api} user={user} onClose={onClose} onCreated={setCreated} />;
}

function Form({ api, user, onClose, onCreated }: Props & { onCreated: (token: CreatedToken) => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<ReadonlySet<string>>(new Set(["read", "write", "git"]));
  const [days, setDays] = useState(90);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const toggle = (scope: string) => {
    const next = new Set(scopes);
    if (!next.delete(scope)) next.add(scope);
    setScopes(next);
  };
  const complaint = name.trim() === "" ? "Say what the token is for." : scopes.size === 0 ? "Choose what it may do." : null;
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setError(complaint);
    if (complaint) return;
    setBusy(true);
    try {
      const expires_at = days ? new Date(Date.now() + days * DAY).toISOString() : null;
      onCreated(await api.createToken({ name: name.trim(), scopes: [...scopes], expires_at }));
    } catch (thrown) {
      setError(asProblem(thrown).detail);
      setBusy(false);
    }
  };
  const offered = SCOPES.filter(({ id }) => id !== "admin" || user.is_administrator);
  return (
    <Dialog
      title="New API token"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="new-token" busy={busy}>
            Make the token
          </Button>
        </>
      }
    >
      <form id="new-token" className="token-form" onSubmit={(event) => void submit(event)}>
        <Field label="Name" hint="Where it will be used, as in “laptop”." error={error}>
          {(given) => (
            <input {...given} className="ff-input" maxLength={100} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <fieldset className="scopes">
          <legend>It may</legend>
          {offered.map(({ id, label, hint }) => (
            <label key={id} className="scope">
              <input type="checkbox" checked={scopes.has(id)} onChange={() => toggle(id)} />
              <span>
                {label} <span className="ff-faint">{hint}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Field label="Good for">
          {(given) => (
            <select {...given} className="ff-input" value={days} onChange={(event) => setDays(Number(event.target.value))}>
              {LIFETIMES.map((lifetime) => (
                <option key={lifetime.days} value={lifetime.days}>
                  {lifetime.label}
                </option>
              ))}
            </select>
          )}
        </Field>
      </form>
    </Dialog>
  );
}

function Shown({ token, onClose }: { token: CreatedToken; onClose: () => void }) {
  return (
    <Dialog
      title={`${token.name} is made`}
      description="Copy the token now: it is shown this once."
      onClose={onClose}
      footer={<Button onClick={onClose}>Done</Button>}
    >
      <div className="secret">
        <code>{token.token}</code>
        <CopyButton text={token.token} kind="primary" label="Copy" />
      </div>
    </Dialog>
  );
}
