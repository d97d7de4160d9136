import { Globe } from "lucide-react";
import { useEffect, useMemo } from "react";
import { EmptyState, ErrorState, Skeleton } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { MISSED, onAccess } from "../sharing/heard";
import type { Shared } from "../sharing/types";
import { AddDomain } from "./AddDomain";
import { DomainsApi } from "./api";
import { DomainRow } from "./DomainRow";
import { Domains } from "./Domains";
import "./domains.css";

/** Aliases and custom domains: owners add, maintainers look for the proof and remove, all members see. */
export function DomainsPanel({ project }: { project: Shared }) {
  const { owner, name, id, role } = project;
  const domains = useMemo(() => new Domains(new DomainsApi({ owner, name })), [owner, name]);
  useEffect(() => {
    return onAccess((kind, data) => (kind === MISSED || (kind === "domain.changed" && data["project_id"] === id)) && void domains.load());
  }, [domains, id]);
  const { value: shown, problem } = useLoaded(domains);
  if (!shown) return problem ? <ErrorState problem={problem} onRetry={() => domains.load()} /> : <Skeleton rows={4} label="Loading the domains" />;
  const mayAdd = role === "owner";
  return (
    <section className="domains" aria-label="Domains">
      {mayAdd && <AddDomain previewUrl={project.previewUrl} onAdd={(host, port) => domains.add(host, port)} />}
      {shown.length === 0 ? (
        <EmptyState icon={<Globe size={20} aria-hidden />} title="No domains yet">
          A domain is another address of the preview: a shorter one here, or one of your own. It shows the preview to whoever may see it.
        </EmptyState>
      ) : (
        <ul className="sh-list" aria-label="Domains">
          {shown.map((domain) => (
            <DomainRow
              key={domain.id}
              domain={domain}
              manages={mayAdd || role === "maintainer"}
              mayAdd={mayAdd}
              onCheck={() => domains.check(domain)}
              onRemove={() => void domains.remove(domain, mayAdd)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
