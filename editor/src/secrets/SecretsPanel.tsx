import { KeyRound } from "lucide-react";
import { useMemo } from "react";
import { EmptyState, ErrorState, Skeleton } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import type { Project } from "../shared/api";
import { AddSecret } from "./AddSecret";
import { SecretsApi } from "./api";
import { SecretRow } from "./SecretRow";
import { Secrets } from "./Secrets";
import "../sharing/sharing.css";
import "./secrets.css";

/** Names of a project's secrets for its editors; owners and maintainers set values and remove. */
export function SecretsPanel({ project }: { project: Pick<Project, "owner" | "name" | "role"> }) {
  const { owner, name, role } = project;
  const secrets = useMemo(() => new Secrets(new SecretsApi({ owner, name })), [owner, name]);
  const { value: shown, problem } = useLoaded(secrets);
  if (!shown) return problem ? <ErrorState problem={problem} onRetry={() => secrets.load()} /> : <Skeleton rows={3} label="Loading the secrets" />;
  const manages = role === "owner" || role === "maintainer";
  return (
    <div className="secrets">
      {manages && <AddSecret onSet={(entries) => secrets.set(entries)} />}
      {shown.length === 0 ? (
        <EmptyState icon={<KeyRound size={20} aria-hidden />} title="No secrets yet">
          A secret is a value that programs need and nobody should read in the files: a key, a password, an address of a database.
        </EmptyState>
      ) : (
        <ul className="sh-list" aria-label="Secrets">
          {shown.map((secret) => (
            <SecretRow
              key={secret.name}
              secret={secret}
              manages={manages}
              onSet={(value) => secrets.set([{ name: secret.name, value }])}
              onRemove={() => void secrets.remove(secret.name)}
            />
          ))}
        </ul>
      )}
    </div>
  );
}
