import { CodeCard, RequestCard } from "./RequestCard";
import { of, useDesk } from "./desk";

/** Everybody who waits, one below the other; and the codes that answer some. */
export function Requests({ projectId }: { projectId?: string }) {
  const desk = useDesk();
  const waiting = of(desk.waiting, projectId);
  const codes = Object.entries(desk.codes);
  if (waiting.length + codes.length === 0) return null;
  return (
    <section className="sh-requests" aria-label="Who asks for access">
      {codes.map(([id, answered]) => (
        <CodeCard key={id} id={id} answered={answered} />
      ))}
      {waiting.map((one) => (
        <RequestCard key={one.request.id} waiting={one} withProject={projectId === undefined} quiet={waiting.length > 1} />
      ))}
    </section>
  );
}
