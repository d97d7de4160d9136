import { ChevronDown, UserRoundPlus } from "lucide-react";
import { useId } from "react";
import { sayAgent } from "../shared/agents";
import { Button, CopyButton, Menu, RelativeTime } from "../shared/components";
import { answer, type Answered, forgetCode, HOURS, sayHours } from "./desk";
import type { Waiting } from "./types";

const USUAL = 8;

interface Props {
  waiting: Waiting;
  /** Say which project it is about. */
  withProject?: boolean;
  /** One of several: none of them is the thing to do next. */
  quiet?: boolean;
}

/** One person at the door: who, why, from where, and the three answers. */
export function RequestCard({ waiting, withProject = false, quiet = false }: Props) {
  const { request, name: project } = waiting;
  const id = useId();
  const what = withProject ? project : "the preview";
  const kind = quiet ? "plain" : "primary";
  const allow = (hours: number): void => void answer(waiting, { answer: "allow", hours });
  return (
    <article className="sh-request" aria-labelledby={id}>
      <UserRoundPlus size={16} aria-hidden />
      <div className="sh-request-words">
        <p id={id}>
          <strong>{request.name}</strong> asks to see {what}
        </p>
        {request.message && <p className="sh-message">{request.message}</p>}
        <p className="sh-hint">
          {request.path !== "/" && (
            <>
              <code>{request.path}</code> ·{" "}
            </>
          )}
          {[sayAgent(request.user_agent), request.address].filter(Boolean).join(", ")} · <RelativeTime at={request.asked_at} />
        </p>
      </div>
      <div className="sh-buttons">
        <span className="sh-split">
          <Button kind={kind} onClick={() => allow(USUAL)}>
            Allow for {sayHours(USUAL)}
          </Button>
          <Menu
            label="Allow for another time"
            className={`ff-button ff-button-${kind}`}
            align="start"
            trigger={<ChevronDown size={14} aria-hidden />}
            items={HOURS.map((hours) => ({ label: `For ${sayHours(hours)}`, onSelect: () => allow(hours) }))}
          />
        </span>
        <Button onClick={() => answer(waiting, { answer: "code" })}>Give a code</Button>
        <Button kind="quiet" onClick={() => answer(waiting, { answer: "deny" })}>
          Deny
        </Button>
      </div>
    </article>
  );
}

/** The answer that has to be read out to whoever asked. */
export function CodeCard({ id, answered: { name, code } }: { id: string; answered: Answered }) {
  return (
    <article className="sh-request" aria-label={`The code for ${name}`}>
      <div className="sh-request-words">
        <p>
          Tell <strong>{name}</strong> this code:
        </p>
        <code className="sh-code">{code}</code>
        <p className="sh-hint">It is good once, for an hour, and is not shown again.</p>
      </div>
      <div className="sh-buttons">
        <CopyButton text={code} />
        <Button kind="quiet" onClick={() => forgetCode(id)}>
          Done
        </Button>
      </div>
    </article>
  );
}
