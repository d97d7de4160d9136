import { type KeyboardEvent, type PointerEvent, useRef } from "react";

interface Props {
  label: string;
  /** `vertical` is a line between left and right. */
  orientation: "vertical" | "horizontal";
  value: number;
  min: number;
  max: number;
  /** 1 when the pane before the line grows with the pointer, -1 when the one after it does. */
  direction: 1 | -1;
  onChange: (value: number) => void;
  onCollapse?: () => void;
}

const STEP = 16;

/** A line that can be dragged, and moved with the arrow keys; Enter closes its pane. */
export function Splitter({ label, orientation, value, min, max, direction, onChange, onCollapse }: Props) {
  const from = useRef<{ at: number; value: number } | null>(null);
  const along = (event: PointerEvent): number => (orientation === "vertical" ? event.clientX : event.clientY);
  const put = (next: number): void => onChange(Math.round(Math.min(max, Math.max(min, next))));

  const onKeyDown = (event: KeyboardEvent): void => {
    const [less, more] = orientation === "vertical" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    if (event.key === less) put(value - STEP * direction);
    else if (event.key === more) put(value + STEP * direction);
    else if (event.key === "Home") put(min);
    else if (event.key === "End") put(max);
    else if (event.key === "Enter") onCollapse?.();
    else return;
    event.preventDefault();
  };

  return (
    // A separator that can be focused is a control (ARIA 1.2); the rules know only the other kind.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className={`wb-splitter wb-splitter-${orientation}`}
      role="separator"
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      aria-label={label}
      aria-orientation={orientation}
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      onKeyDown={onKeyDown}
      onDoubleClick={onCollapse}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { at: along(event), value };
        document.body.classList.add("wb-resizing");
      }}
      onPointerMove={(event) => {
        if (from.current) put(from.current.value + (along(event) - from.current.at) * direction);
      }}
      onLostPointerCapture={() => {
        from.current = null;
        document.body.classList.remove("wb-resizing");
      }}
    />
  );
}
