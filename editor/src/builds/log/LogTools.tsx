import { ArrowDown, ArrowDownToLine, ArrowUp, Clock, Download, FoldVertical, Search } from "lucide-react";
import type { RefObject } from "react";
import { useStore } from "zustand";
import { IconButton, Menu } from "../../shared/components";
import { logAddress } from "../api";
import type { Reading } from "./Reading";

interface Props {
  buildId: string;
  reading: Reading;
  steps: readonly number[];
  isLive: boolean;
  field: RefObject<HTMLInputElement | null>;
}

/** Above the log: looking for words, holding on to the newest line, folding, times, download. */
export function LogTools({ buildId, reading, steps, isLive, field }: Props) {
  const follows = useStore(reading.store, (state) => state.follows);
  const times = useStore(reading.store, (state) => state.times);
  return (
    <div className="log-tools" role="toolbar" aria-label="Log">
      <LogSearch reading={reading} field={field} />
      <span className="log-gap" />
      {isLive && (
        <IconButton label={follows ? "Following the newest line" : "Follow the newest line"} shortcut="F" aria-pressed={follows} className="log-follow" icon={<ArrowDownToLine size={16} aria-hidden />} onClick={() => (follows ? reading.follow(false) : reading.toEnd())} />
      )}
      <IconButton label="Fold or unfold all steps" shortcut="C" icon={<FoldVertical size={16} aria-hidden />} onClick={() => reading.foldAll(steps)} />
      <IconButton label={times ? "Hide the times" : "Show the times"} shortcut="T" aria-pressed={times} icon={<Clock size={16} aria-hidden />} onClick={() => reading.showTimes(!times)} />
      <Menu
        label="Download the log"
        trigger={<Download size={16} aria-hidden />}
        items={[
          { label: "Plain text", href: logAddress(buildId, "text") },
          { label: "With its colours", href: logAddress(buildId, "ansi") },
        ]}
      />
    </div>
  );
}

function LogSearch({ reading, field }: { reading: Reading; field: RefObject<HTMLInputElement | null> }) {
  const query = useStore(reading.store, (state) => state.finds?.query ?? "");
  const found = useStore(reading.store, (state) => state.found);
  const find = useStore(reading.store, (state) => state.find);
  return (
    <div className="log-search" role="search" aria-label="Log">
      <Search size={14} aria-hidden />
      <input
        ref={field}
        type="search"
        aria-label="Find in the log"
        placeholder="Find in the log"
        value={query}
        onChange={(event) => reading.look(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") reading.step(event.shiftKey ? -1 : 1);
          else if (event.key === "Escape") {
            reading.look("");
            event.currentTarget.blur();
          } else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      {query ? (
        <>
          <span className="log-found" role="status">
            {found === 0 ? "None" : `${find + 1} of ${found.toLocaleString("en")}`}
          </span>
          <IconButton label="Find before" shortcut="Shift+N" disabled={found === 0} icon={<ArrowUp size={14} aria-hidden />} onClick={() => reading.step(-1)} />
          <IconButton label="Next find" shortcut="N" disabled={found === 0} icon={<ArrowDown size={14} aria-hidden />} onClick={() => reading.step(1)} />
        </>
      ) : (
        <kbd aria-hidden="true">/</kbd>
      )}
    </div>
  );
}
