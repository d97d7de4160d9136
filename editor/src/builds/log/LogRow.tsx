import { memo, type MouseEvent } from "react";
import { useStore } from "zustand";
import { lastWritten, spansOf } from "../../shared/ansi";
import type { Log } from "./Log";
import type { Reading } from "./Reading";
import { LINE } from "./rows";
import { withFinds } from "./search";

/** A line this long is data, no text: its beginning tells what it is. */
const LONGEST = 4_000;

interface Props {
  log: Log;
  reading: Reading;
  index: number;
  top: number;
}

/** One line: its number is a link to it. */
export const LogRow = memo(function LogRow({ log, reading, index, top }: Props) {
  const query = useStore(reading.store, (state) => state.finds?.query ?? "");
  const isFind = useStore(reading.store, ({ finds, find }) => find >= 0 && finds?.lines[find] === index);
  const line = log.lines[index];
  const isChosen = useStore(reading.store, ({ chosen }) => chosen !== null && line !== undefined && chosen.from <= line.n && line.n <= chosen.to);
  if (!line) return null;
  const text = lastWritten(line.text);
  const pieces = withFinds(spansOf(text.slice(0, LONGEST)), query);
  const className = ["log-line", `log-${line.stream}`, isChosen && "log-chosen", isFind && "log-at"].filter(Boolean).join(" ");
  const choose = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    reading.link(line.n, event.shiftKey);
  };
  return (
    <div className={className} style={{ top, height: LINE }}>
      {/* No stop for the Tab key: there may be a hundred thousand. L links to the line that was found. */}
      <a className="log-number" tabIndex={-1} href={`#L${line.n}`} aria-label={`Line ${line.n}`} onClick={choose}>
        {line.n}
      </a>
      <span className="log-time" title={`${(line.at / 1000).toFixed(3)} s after the build began`}>
        {sayOffset(line.at)}
      </span>
      <span className="log-text">
        {pieces.map(({ text: part, className: look, found }, at) =>
          found ? (
            <mark key={at} className={look || undefined}>
              {part}
            </mark>
          ) : (
            <span key={at} className={look || undefined}>
              {part}
            </span>
          ),
        )}
        {text.length > LONGEST && <em className="log-more"> … {text.length - LONGEST} more characters; download the log for them</em>}
      </span>
    </div>
  );
});

/** "0:07.3", "12:40.0": minutes and seconds since the build began. */
function sayOffset(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}
