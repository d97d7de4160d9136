import { useEffect, useId, useRef, useState } from "react";
import { Button } from "../shared/components";

interface Props {
  /** For screen readers: what ends. */
  label: string;
  text?: string;
  /** What is lost. Without it nothing is, and nothing is asked. */
  loss?: string | undefined;
  onEnd: () => void;
}

/** Ends something; where that cannot be undone it first says, in its own row, what is lost. */
export function EndButton({ label, text = "End", loss, onEnd }: Props) {
  const [asking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const asked = useRef(false);
  useEffect(() => {
    if (!asking && asked.current) button.current?.focus();
    asked.current = asking;
  }, [asking]);
  if (asking && loss !== undefined) return <Asking loss={loss} text={text} onEnd={onEnd} onCancel={() => setAsking(false)} />;
  return (
    <Button kind="quiet" className="sh-end" aria-label={label} ref={button} onClick={() => (loss === undefined ? onEnd() : setAsking(true))}>
      {text}
    </Button>
  );
}

function Asking({ loss, text, onEnd, onCancel }: { loss: string; text: string; onEnd: () => void; onCancel: () => void }) {
  const id = useId();
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    // Escape answers the question, and leaves the dialog around it open.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="group"
      className="sh-asking"
      aria-labelledby={id}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        onCancel();
      }}
    >
      <p id={id}>{loss}</p>
      <Button ref={keep} onClick={onCancel}>
        Keep
      </Button>
      <Button
        kind="danger"
        onClick={() => {
          onCancel();
          onEnd();
        }}
      >
        {text}
      </Button>
    </div>
  );
}
