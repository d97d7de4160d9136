import { CircleAlert, CircleCheck, CircleDashed, CircleMinus, CirclePause, CircleSlash, LoaderCircle } from "lucide-react";
import "./mark.css";
import type { Mark } from "./words";

const ICONS: Record<Mark, typeof CircleCheck> = {
  waiting: CirclePause,
  queued: CircleDashed,
  running: LoaderCircle,
  good: CircleCheck,
  bad: CircleAlert,
  ended: CircleSlash,
  skipped: CircleMinus,
};

interface Props {
  mark: Mark;
  word: string;
  size?: number;
  /** Show the word beside it; otherwise it is there on hover and for screen readers. */
  withWord?: boolean;
}

/** A state as a shape and a word, never as a colour alone. */
export function StateMark({ mark, word, size = 16, withWord = false }: Props) {
  const Icon = ICONS[mark];
  return (
    <span className={`mark mark-${mark}`} title={withWord ? undefined : word}>
      <Icon size={size} aria-hidden />
      <span className={withWord ? undefined : "ff-hidden"}>{word}</span>
    </span>
  );
}
