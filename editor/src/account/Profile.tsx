import { useState, type SyntheticEvent } from "react";
import { asProblem, type Account, type Api } from "../shared/api";
import { Button, Field, initialsOf, RelativeTime, showToast } from "../shared/components";
import { chooseTheme, currentTheme, themes } from "../shared/theme/theme";
import { Use } from "./Use";

const SHORTEST = 10;

const LONGEST = 80;

interface Props {
  api: Api;
  user: Account;
  onChange: (change: Partial<Account>) => void;
}

export function Profile({ api, user, onChange }: Props) {
  return (
    <div className="account">
      <h1>Account</h1>
      <section className="account-section account-who">
        <span className="account-initials" aria-hidden="true">
          {initialsOf(user)}
        </span>
        <div>
          <h2>{user.display_name || user.name}</h2>
          <p className="ff-muted">
            {user.name} · {user.is_administrator ? "administrator" : "member"} since <RelativeTime at={user.created_at} />
          </p>
        </div>
      </section>
      <DisplayName key={user.display_name} api={api} user={user} onChange={onChange} />
      <ThemeChoice />
      <Password api={api} user={user} />
      <Use api={api} user={user} />
    </div>
  );
}

function DisplayName({ api, user, onChange }: Props) {
  const [typed, setTyped] = useState(user.display_name);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const name = typed.trim();
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (name === user.display_name) return;
    setError(name ? null : "Type the name that others shall see.");
    if (!name) return;
    setBusy(true);
    try {
      const { account } = await api.changeMe({ display_name: name });
      onChange(account);
      showToast(`Others see you as ${account.display_name} now.`);
    } catch (thrown) {
      setError(asProblem(thrown).detail);
    }
    setBusy(false);
  };
  return (
    <form className="account-section account-form" onSubmit={(event) => void submit(event)}>
      <h2>Name</h2>
      <Field label="Display name" hint={`How others see you. Your sign-in name stays ${user.name}.`} error={error}>
        {(given) => (
          <input
            {...given}
            className="ff-input"
            type="text"
            autoComplete="name"
            maxLength={LONGEST}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" busy={busy} disabled={name === user.display_name}>
        Change name
      </Button>
    </form>
  );
}

function ThemeChoice() {
  const [theme, setTheme] = useState(currentTheme);
  return (
    <section className="account-section">
      <fieldset className="themes">
        <legend>Look</legend>
        {themes.map(({ id, label, hint }) => (
          <label key={id} className="theme" title={hint}>
            <input
              type="radio"
              name="theme"
              checked={theme === id}
              onChange={() => {
                chooseTheme(id);
                setTheme(id);
              }}
            />
            <span className={`theme-picture theme-${id}`} aria-hidden="true">
              <span />
              <span />
              <span />
            </span>
            {label}
          </label>
        ))}
      </fieldset>
    </section>
  );
}

function Password({ api, user }: { api: Api; user: Account }) {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [error, setError] = useState<{ of: "current" | "new"; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setError(wanted.length < SHORTEST ? { of: "new", text: `A password has at least ${SHORTEST} characters.` } : null);
    if (wanted.length < SHORTEST) return;
    setBusy(true);
    try {
      await api.changeMe({ password: wanted, current_password: current });
      setCurrent("");
      setWanted("");
      showToast("The password is changed. Other sessions are signed out.");
    } catch (thrown) {
      const problem = asProblem(thrown);
      setError({ of: problem.field === "password" ? "new" : "current", text: problem.detail });
    }
    setBusy(false);
  };
  return (
    <form className="account-section account-form" onSubmit={(event) => void submit(event)}>
      <h2>Password</h2>
      <input type="text" name="username" autoComplete="username" value={user.name} readOnly hidden />
      <Field label="Current password" hint="Leave it empty if you have none yet." error={error?.of === "current" ? error.text : null}>
        {(given) => (
          <input
            {...given}
            className="ff-input"
            type="password"
            autoComplete="current-password"
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
          />
        )}
      </Field>
      <Field label="New password" hint={`At least ${SHORTEST} characters.`} error={error?.of === "new" ? error.text : null}>
        {(given) => (
          <input
            {...given}
            className="ff-input"
            type="password"
            autoComplete="new-password"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" busy={busy} disabled={wanted === ""}>
        Change password
      </Button>
    </form>
  );
}
