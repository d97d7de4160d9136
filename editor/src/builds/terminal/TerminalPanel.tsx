import { Suspense, useEffect, useMemo } from "react";
import { useStore } from "zustand";
import { EmptyState, RelativeTime, Skeleton } from "../../shared/components";
import { lazily } from "../../shared/lazily";
import type { BuildsApi } from "../api";
import type { Build } from "../types";
import { KeptShell } from "./KeptShell";
import "./terminal.css";

const TerminalScreen = lazily(() => import("../../panels/terminal/TerminalScreen"));

/** A terminal in the kept sandbox of a failed build, as its step left it. */
export default function TerminalPanel({ api, build }: { api: BuildsApi; build: Build }) {
  const shell = useMemo(() => new KeptShell(api, build.id), [api, build.id]);
  const { phase, note } = useStore(shell.store);
  useEffect(() => shell.open(), [shell]);
  if (phase === "failed" || phase === "refused") return <EmptyState title="There is no terminal">{note}</EmptyState>;
  return (
    <section className="kept" aria-label="Terminal">
      <Suspense fallback={<Skeleton rows={4} label="Opening the terminal" />}>
        <TerminalScreen name={build.id} title={`Terminal of build ${build.number}`} shells={shell} />
      </Suspense>
      <p className="kept-note" role="status">
        {note || (phase === "ready" ? "" : "Connecting… ")}
        {build.kept_until && (
          <>
            This sandbox goes <RelativeTime at={build.kept_until} />, and all that you change in it.
          </>
        )}
      </p>
    </section>
  );
}
