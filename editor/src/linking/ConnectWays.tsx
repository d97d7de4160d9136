import { ExternalLink } from "lucide-react";
import { useState } from "react";
import { Button, Field } from "../shared/components";
import { useSubmit } from "../sharing/useSubmit";
import type { Connections } from "./Connections";
import type { Provider } from "./types";

interface Props {
  connections: Connections;
  providers: Provider[];
  /** Where the provider's page sends the browser back to. */
  next: string;
}

/** The providers that one can connect to: at their own page where Firefly is registered there, else by a token. */
export function ConnectWays({ connections, providers, next }: Props) {
  const [byToken, setByToken] = useState<Provider | null>(null);
  if (byToken) return <TokenForm provider={byToken} connections={connections} onDone={() => setByToken(null)} />;
  return (
    <ul className="connect-ways" aria-label="Providers">
      {providers.map((provider) => (
        <li key={provider.provider} className="sh-row">
          <span className="sh-row-title">{provider.title}</span>
          <span className="sh-hint connect-url">{provider.url.replace(/^https?:\/\//, "")}</span>
          {provider.ways.includes("oauth") && (
            <Button kind="primary" onClick={() => connections.authorize(provider, "read", next)}>
              Connect {provider.title}
            </Button>
          )}
          <Button kind={provider.ways.includes("oauth") ? "quiet" : "plain"} aria-label={`Connect ${provider.title} by a token`} onClick={() => setByToken(provider)}>
            By a token
          </Button>
        </li>
      ))}
    </ul>
  );
}

function TokenForm({ provider, connections, onDone }: { provider: Provider; connections: Connections; onDone: () => void }) {
  const [token, setToken] = useState("");
  const [url, setUrl] = useState(provider.url);
  const [user, setUser] = useState("");
  const { error, busy, submit } = useSubmit(
    async () => {
      await connections.connect({ provider: provider.provider, token: token.trim(), url: url.trim(), user: user.trim() });
      onDone();
    },
    () => (token.trim() ? null : "Paste a token."),
  );
  return (
    <form className="sh-form" aria-label={`Connect ${provider.title}`} onSubmit={submit}>
      <Field label="Address" hint="Of one of your own, if it is not this one.">
        {(given) => <input {...given} className="ff-input" type="url" value={url} spellCheck={false} onChange={(event) => setUrl(event.target.value)} />}
      </Field>
      <Field
        label="Personal access token"
        error={error}
        hint={
          <>
            <a href={provider.token_page} target="_blank" rel="noreferrer">
              {provider.title} makes one <ExternalLink size={14} aria-label="in a new tab" />
            </a>
            . It is kept sealed, and never shown again.
          </>
        }
      >
        {(given) => <input {...given} className="ff-input" type="password" autoComplete="off" value={token} onChange={(event) => setToken(event.target.value)} />}
      </Field>
      {provider.provider === "bitbucket" && (
        <Field label="E-mail address" optional hint="API tokens of Bitbucket are sent with it.">
          {(given) => <input {...given} className="ff-input" value={user} autoComplete="off" onChange={(event) => setUser(event.target.value)} />}
        </Field>
      )}
      <div className="sh-buttons">
        <Button onClick={onDone}>Back</Button>
        <Button kind="primary" type="submit" busy={busy}>
          Connect
        </Button>
      </div>
    </form>
  );
}
