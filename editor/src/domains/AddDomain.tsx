import { useState } from "react";
import { Button, Field } from "../shared/components";
import { useSubmit } from "../sharing/useSubmit";
import { aliasOf } from "./words";

const LARGEST_PORT = 65_535;

interface Props {
  previewUrl: string;
  /** Throws the problem. */
  onAdd: (host: string, port: number | null) => Promise<void>;
}

export function AddDomain({ previewUrl, onAdd }: Props) {
  const [host, setHost] = useState("");
  const [port, setPort] = useState("");
  const complain = (): string | null => {
    if (!host.trim()) return "Give a host, such as www.example.org, or one word.";
    const number = Number(port || 1);
    return Number.isInteger(number) && number >= 1 && number <= LARGEST_PORT ? null : `A port is a number up to ${LARGEST_PORT}.`;
  };
  const { error, busy, submit } = useSubmit(async () => {
    await onAdd(host, port ? Number(port) : null);
    setHost("");
    setPort("");
  }, complain);
  const alias = aliasOf(host, previewUrl);
  const hint = alias ? `An alias: ${alias}` : "One word makes an alias here. A whole name, such as www.example.org, is a domain of your own.";
  return (
    <form className="add-domain" aria-label="Add a domain" onSubmit={submit}>
      <Field label="Host" error={error} hint={hint}>
        {(given) => (
          <div className="sh-line">
            <input {...given} className="ff-input" placeholder="www.example.org" autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={500} value={host} onChange={(event) => setHost(event.target.value)} />
            <input className="ff-input domain-port" aria-label="Port of the application, if not its main one" title="Port of the application, if not its main one" placeholder="Port" inputMode="numeric" autoComplete="off" maxLength={5} value={port} onChange={(event) => setPort(event.target.value)} />
            <Button type="submit" busy={busy}>
              Add
            </Button>
          </div>
        )}
      </Field>
    </form>
  );
}
