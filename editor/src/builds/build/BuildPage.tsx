import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { EmptyState, ErrorState, showToast, Skeleton, StaleNote } from "../../shared/components";
import { copyText } from "../../shared/components/copying";
import { useLoaded } from "../../shared/Loaded";
import { enter } from "../../shared/router";
import { lazily } from "../../shared/lazily";
import { type PageKey, PageKeys } from "../PageKeys";
import type { Place } from "../place";
import { onBuilds } from "../heard";
import { Log } from "../log/Log";
import { LogPanel } from "../log/LogPanel";
import { rangeOfHash } from "../log/range";
import { Reading } from "../log/Reading";
import type { Build, Step } from "../types";
import { Actions } from "./Actions";
import "./build.css";
import { Changes } from "./Changes";
import { Details } from "./Details";
import { FailureCard } from "./Failure";
import { Head } from "./Head";
import { OutputTab } from "./OutputTab";
import { OneBuild } from "./OneBuild";
import { SiteFailure } from "./SiteFailure";
import { Steps } from "./Steps";
import { useTab } from "./tab";
import { Tell } from "./Tell";

const TerminalPanel = lazily(() => import("../terminal/TerminalPanel"));

/** One build: how it stands, why it failed, its steps and its log, live. */
export function BuildPage({ place, number }: { place: Place; number: number }) {
  const one = useMemo(() => new OneBuild(place.api, number), [place.api, number]);
  const { value: build, problem } = useLoaded(one);
  useEffect(() => onBuilds(({ kind, buildId }) => void ((kind === "missed" || buildId === one.value?.id) && kind !== "build.step" && one.load())), [one]);
  useTab(build);
  if (build)
    return (
      <>
        <StaleNote problem={problem} />
        <Shown key={build.id} place={place} one={one} build={build} />
      </>
    );
  if (problem?.status === 404)
    return (
      <EmptyState title={`There is no build ${number}`} action={<a className="ff-button ff-button-primary" href={place.link("builds")}>All builds</a>}>
        Builds are counted from 1 in each project.
      </EmptyState>
    );
  return problem ? <ErrorState problem={problem} onRetry={() => one.load()} /> : <Skeleton rows={8} label="Loading the build" />;
}

type Tab = "log" | "output" | "details" | "terminal";

function Shown({ place, one, build }: { place: Place; one: OneBuild; build: Build }) {
  const [tab, setTab] = useState<Tab>("log");
  const field = useRef<HTMLInputElement>(null);
  const { log, reading } = useLog(build, one);
  const toStep = (position: number): void => {
    setTab("log");
    reading.toStep(position);
  };
  const showFailure = (): void => {
    setTab("log");
    const step = build.steps.findLast(({ state }) => state === "failed");
    if (step) reading.toLine(lineOfFailure(log, step, build.failure?.lines ?? []));
  };
  const keys: PageKey[] = [
    {
      key: "/",
      does: "Find in the log",
      run: () => {
        setTab("log");
        field.current?.focus();
      },
    },
    { key: "n", does: "Next find", run: () => reading.step(1) },
    { key: "N", does: "Find before", run: () => reading.step(-1) },
    { key: "l", does: "Link to the line that was found", run: () => reading.linkFound() },
    { key: "y", does: "Copy the address, with the lines that are chosen", run: () => void copyText(location.href).then(() => showToast("The address is copied.")) },
    { key: "f", does: "Follow the newest line, or let go of it", run: () => (reading.state.follows ? reading.follow(false) : reading.toEnd()) },
    { key: "g", does: "To the beginning of the log", run: () => reading.toStart() },
    { key: "G", does: "To its end", run: () => reading.toEnd() },
    { key: "e", does: "To what failed", run: showFailure },
    { key: "c", does: "Fold or unfold all steps", run: () => reading.foldAll(build.steps.map(({ position }) => position)) },
    { key: "t", does: "Show or hide the times of lines", run: () => reading.showTimes(!reading.state.times) },
    { key: "d", does: "Details, and back to the log", run: () => setTab(tab === "details" ? "log" : "details") },
    { key: "s", does: "What the site prints, and back", run: () => build.site && setTab(tab === "output" ? "log" : "output") },
    { key: "o", does: "Open the site", run: () => build.site?.state === "live" && window.open(build.site.url, "_blank", "noopener") },
    { key: "u", does: "Up, to all builds", run: () => enter(place.link("builds")) },
  ];
  const mayLookAround = build.kept_until !== null && place.project.role !== null && place.project.role !== "viewer";
  const failed = build.failure ?? (build.state === "failed" || build.state === "tests_failed" || build.state === "timed_out");
  return (
    <div className="build">
      <Head build={build} builds={place.link("builds")} actions={<Actions build={build} one={one} role={place.project.role} onRetried={(made) => enter(place.link("builds", made.number))} />} />
      {failed && (
        <FailureCard build={build} onShow={showFailure} onTerminal={mayLookAround ? () => setTab("terminal") : null}>
          <Changes place={place} build={build} />
        </FailureCard>
      )}
      {build.site?.state === "failed" && tab !== "output" && <SiteFailure site={build.site} onOutput={() => setTab("output")} />}
      <div className="build-tabs">
        <nav aria-label="Parts of the build">
          <TabButton shown={tab} tab="log" label="Log" onChoose={setTab} />
          {build.site && <TabButton shown={tab} tab="output" label="Site’s output" onChoose={setTab} />}
          <TabButton shown={tab} tab="details" label="Details" onChoose={setTab} />
          {mayLookAround && <TabButton shown={tab} tab="terminal" label="Terminal" onChoose={setTab} />}
        </nav>
        <span className="build-tools">
          <Tell build={build} />
          <PageKeys keys={keys} />
        </span>
      </div>
      {tab === "log" && (
        <div className="build-log">
          {build.steps.length > 0 && <Steps steps={build.steps} onChoose={toStep} />}
          <LogPanel build={build} steps={build.steps} log={log} reading={reading} field={field} />
        </div>
      )}
      {tab === "output" && build.site && <OutputTab buildId={build.id} site={build.site} />}
      {tab === "details" && <Details place={place} build={build} />}
      {tab === "terminal" && (
        <Suspense fallback={<Skeleton rows={6} label="Opening the terminal" />}>
          <TerminalPanel api={place.api} build={build} />
        </Suspense>
      )}
    </div>
  );
}

function TabButton({ shown, tab, label, onChoose }: { shown: Tab; tab: Tab; label: string; onChoose: (tab: Tab) => void }) {
  return (
    <button type="button" aria-current={shown === tab ? "true" : undefined} onClick={() => onChoose(tab)}>
      {label}
    </button>
  );
}

/** The log, open while the page is. Unless the address names a line, what is on its way is followed, and of what failed only that is unfolded. */
function useLog(build: Build, one: OneBuild) {
  const { log, reading } = useMemo(() => {
    const made = new Log(build.id, { onStep: (step) => one.heardStep(step), onEnd: () => void one.load() });
    return { log: made, reading: new Reading(made) };
  }, [build.id, one]);
  const atFirst = useRef({ follows: build.ended_at === null, folded: build.failure ? build.steps.filter(({ state }) => state === "succeeded") : [] });
  useEffect(() => {
    log.open();
    const named = rangeOfHash(location.hash);
    if (named) reading.choose(named);
    else {
      reading.follow(atFirst.current.follows);
      reading.foldAll(atFirst.current.folded.map(({ position }) => position));
    }
    const choose = (): void => reading.choose(rangeOfHash(location.hash));
    const leave = log.store.subscribe(() => reading.grew());
    addEventListener("hashchange", choose);
    return () => {
      removeEventListener("hashchange", choose);
      leave();
      log.close();
    };
  }, [log, reading]);
  return { log, reading };
}

/** The first of the lines that matter within the failed step, else the last that the step printed. */
function lineOfFailure(log: Log, step: Step, lines: readonly string[]): number {
  const printed = log.ofStep(step.position);
  const [first] = lines;
  const found = first === undefined ? undefined : printed.findLast((index) => log.plainAt(index).includes(first.trim()));
  return found ?? printed.at(-1) ?? -1;
}
