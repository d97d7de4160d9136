import { CircleAlert, CircleCheck, Clock, ExternalLink } from "lucide-react";
import { useState } from "react";
import { Button, CopyButton, useNow } from "../shared/components";
import { EndButton } from "../sharing/EndButton";
import type { Domain } from "./types";
import { isInService, sayCertificate, sayNextCheck, STATES, wantsRecord } from "./words";

const ICONS = { ok: CircleCheck, waits: Clock, bad: CircleAlert };

interface Props {
  domain: Domain;
  manages: boolean;
  mayAdd: boolean;
  onCheck: () => Promise<void>;
  onRemove: () => void;
}

export function DomainRow({ domain, manages, mayAdd, onCheck, onRemove }: Props) {
  const { label, tone } = STATES[domain.state];
  const Icon = ICONS[tone];
  const certificate = sayCertificate(domain);
  const again = domain.kind === "custom" ? " To have it back, it is added and proven again." : "";
  const loss = domain.kind === "alias" && mayAdd ? undefined : `${domain.name} stops showing this project.${again}`;
  return (
    <li className="sh-row domain">
      <div className="sh-row-words">
        <span className="sh-row-title">
          {isInService(domain) ? (
            <a href={domain.url} target="_blank" rel="noopener">
              {domain.name} <ExternalLink size={14} aria-label="in a new tab" />
            </a>
          ) : (
            domain.name
          )}
          <span className="sh-way">
            {domain.kind === "alias" ? "Alias" : "Custom domain"}
            {domain.port !== null && `, port ${domain.port}`}
          </span>
        </span>
        <span className={`domain-state domain-${tone}`}>
          <Icon size={14} aria-hidden /> {label}
        </span>
        {domain.reason && domain.checked_at && <span className="sh-hint">{domain.reason}</span>}
        {certificate && <span className="sh-hint">{certificate}</span>}
      </div>
      {manages && <EndButton label={`Remove ${domain.name}`} text="Remove" loss={loss} onEnd={onRemove} />}
      {wantsRecord(domain) && <Record domain={domain} manages={manages} onCheck={onCheck} />}
    </li>
  );
}

/** The record that proves the domain, to copy; and when it is looked for. */
function Record({ domain, manages, onCheck }: Pick<Props, "domain" | "manages" | "onCheck">) {
  const now = useNow();
  const [busy, setBusy] = useState(false);
  const { proof } = domain;
  if (!proof) return null;
  const check = async (): Promise<void> => {
    setBusy(true);
    await onCheck();
    setBusy(false);
  };
  return (
    <div className="record" role="group" aria-label={`The record that proves ${domain.name}`}>
      <p className="sh-hint">Set this {proof.type} record where the domain's DNS is kept, and point the domain to this server.</p>
      <ul>
        {(["name", "value"] as const).map((part) => (
          <li key={part}>
            <span className="record-part">{part === "name" ? "Name" : "Value"}</span>
            <code>{proof[part]}</code>
            <CopyButton text={proof[part]} label={`Copy ${part}`} kind="quiet" />
          </li>
        ))}
      </ul>
      <div className="record-foot">
        <span className="sh-hint">{sayNextCheck(domain, now)}</span>
        {manages && (
          <Button busy={busy} onClick={() => check()}>
            {busy ? "Looking…" : "Check now"}
          </Button>
        )}
      </div>
    </div>
  );
}
