import { ExternalLink, Globe, LoaderCircle, RotateCw, TriangleAlert } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import type { ApplicationStatus, Step } from "../../bridge";
import { Button, EmptyState, IconButton, sayDuration, Skeleton, useNow } from "../../shared/components";
import { useWorkbench, useWorkbenchState } from "../../workbench/context";
import { sayKey } from "../../workbench/platform";
import { pathOf, previewUrl } from "../../workbench/preview";
import { showsPage } from "../../workbench/run";

export function PreviewPanel() {
  return (
    <section className="wb-panel" aria-label="Preview">
      <AddressBar />
      <PreviewBody />
    </section>
  );
}

function AddressBar() {
  const { application } = useWorkbench();
  const preview = useWorkbenchState((state) => state.preview);
  const base = useWorkbenchState((state) => state.project.previewUrl);
  const url = previewUrl(base, preview.port, preview.path);
  return (
    <div className="wb-panel-head wb-address">
      <IconButton label="Reload preview" shortcut={sayKey("Alt+R")} icon={<RotateCw size={16} aria-hidden />} onClick={() => application.reloadPreview()} />
      <AddressField key={url} path={preview.path} base={base} port={preview.port} />
      <PortField key={`port-${preview.port ?? ""}`} />
      <a className="ff-icon-button" href={url} target="_blank" rel="noopener" aria-label="Open preview in a new tab" title="Open in a new tab">
        <ExternalLink size={16} aria-hidden />
      </a>
    </div>
  );
}

function AddressField({ path, base, port }: { path: string; base: string; port: number | null }) {
  const { application, store } = useWorkbench();
  const [typed, setTyped] = useState(path);
  return (
    <form
      className="wb-address-form"
      onSubmit={(event) => {
        event.preventDefault();
        const next = pathOf(typed, base, port);
        if (next === null) store.tell("The preview shows only this project. Type a path, like /about.", { tone: "bad" });
        else application.navigate(next);
      }}
    >
      <span className="wb-address-host" aria-hidden title={new URL(base).host}>
        {new URL(base).host.split(".")[0]}
      </span>
      <input aria-label="Address in the preview" data-focus="" value={typed} onChange={(event) => setTyped(event.target.value)} spellCheck={false} />
    </form>
  );
}

const MOST = 65_535;

/** Empty: the application's own port. */
function PortField() {
  const { application } = useWorkbench();
  const port = useWorkbenchState((state) => state.preview.port);
  const main = useWorkbenchState((state) => state.application?.port);
  const [typed, setTyped] = useState(port === null ? "" : String(port));
  const take = (): void => {
    const number = Number(typed);
    const next = Number.isInteger(number) && number > 0 && number <= MOST && number !== main ? number : null;
    if (next === null) setTyped("");
    if (next !== port) application.choosePort(next);
  };
  return (
    <input
      className="wb-port"
      aria-label="Port"
      title="Another port of the sandbox"
      inputMode="numeric"
      placeholder={`:${main ?? 3000}`}
      value={typed}
      onChange={(event) => setTyped(event.target.value.replace(/\D/g, "").slice(0, 5))}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
      }}
    />
  );
}

function PreviewBody() {
  const status = useWorkbenchState((state) => state.application);
  const phase = useWorkbenchState((state) => state.phase.name);
  const why = useWorkbenchState((state) => (state.phase.name === "asleep" ? state.phase.reason : ""));
  const port = useWorkbenchState((state) => state.preview.port);
  const hasText = useHasText();
  const { application, connect } = useActions();
  if (phase === "asleep") {
    return (
      <EmptyState icon={<Globe size={20} aria-hidden />} title="The sandbox sleeps" action={<Button kind="primary" onClick={connect}>Wake it</Button>}>
        {why} Your files are kept.
      </EmptyState>
    );
  }
  if (!status || !hasText) return <Skeleton rows={6} label="Waiting for the application" />;
  if (port !== null || showsPage(status)) return <Frame />;
  if (status.state === "crashed") {
    return (
      <EmptyState
        icon={<TriangleAlert size={20} aria-hidden className="ff-bad" />}
        title="The application stopped"
        action={
          <span className="ff-state-actions">
            <Button kind="primary" onClick={() => application.act("restart")}>
              Restart
            </Button>
            <Button onClick={() => application.showOutput()}>Show output</Button>
          </span>
        }
      >
        {status.reason}
        <LastLines />
      </EmptyState>
    );
  }
  if (status.state === "stopped") {
    return (
      <EmptyState icon={<Globe size={20} aria-hidden />} title="Nothing runs" action={<Button kind="primary" onClick={() => application.act("start")}>Start application</Button>}>
        {status.reason}
      </EmptyState>
    );
  }
  return <Progress status={status} />;
}

/** The text to work on is painted first: what loads beside it would make it wait. */
function useHasText(): boolean {
  const [hasText, setHasText] = useState(false);
  const isThere = useWorkbenchState(({ active, documents, folders }) =>
    active === null ? folders[""]?.state !== "loading" : documents[active]?.state !== "loading",
  );
  useEffect(() => {
    if (!isThere) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setHasText(true));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [isThere]);
  return hasText;
}

function useActions() {
  const workbench = useWorkbench();
  return { application: workbench.application, connect: () => workbench.connect() };
}

const LAST_LINES = 5;

function LastLines() {
  const lines = useWorkbenchState((state) => state.output);
  const last = lines.filter((line) => line.stream !== "system" && line.text.trim()).slice(-LAST_LINES);
  if (last.length === 0) return null;
  return <pre className="wb-last-lines">{last.map((line) => line.text).join("\n")}</pre>;
}

function Progress({ status }: { status: ApplicationStatus }) {
  const { application } = useWorkbench();
  return (
    <EmptyState
      icon={<LoaderCircle size={20} aria-hidden className="wb-turns" />}
      title={status.state === "installing" ? "Installing what it needs" : "Starting the application"}
      action={<Button onClick={() => application.showOutput()}>Show output</Button>}
    >
      {status.steps.length === 0 && status.reason}
      <ol className="wb-steps">
        {status.steps.map((step) => (
          <StepRow key={step.name} step={step} />
        ))}
      </ol>
    </EmptyState>
  );
}

const marks: Record<Step["state"], ReactNode> = { waiting: "Next", running: "Now", done: "Done", skipped: "Skipped", failed: "Failed" };

function StepRow({ step }: { step: Step }) {
  const now = useNow();
  const end = step.finished ? Date.parse(step.finished) : now.getTime();
  return (
    <li className={`wb-step wb-step-${step.state}`}>
      <span className="wb-step-state">{marks[step.state]}</span>
      <code>{step.command || step.name}</code>
      {step.started && <span className="ff-faint">{sayDuration(Math.max(0, end - Date.parse(step.started)))}</span>}
    </li>
  );
}

function Frame() {
  const preview = useWorkbenchState((state) => state.preview);
  const base = useWorkbenchState((state) => state.project.previewUrl);
  return (
    <iframe
      key={`${preview.visit}-${preview.port ?? ""}`}
      className="wb-frame"
      title="Preview of the application"
      src={previewUrl(base, preview.port, preview.path)}
      // What the project shows may do what a page does, but not send the editor elsewhere.
      sandbox="allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads"
      allow="clipboard-write; fullscreen"
    />
  );
}
