import {
  CircleAlert,
  CircleCheck,
  CloudOff,
  Coffee,
  Contrast,
  ExternalLink,
  History,
  ListStart,
  LoaderCircle,
  Moon,
  PanelLeft,
  PanelRight,
  Play,
  RotateCw,
  Search,
  Square,
  SquareTerminal,
  ChevronDown,
  SunMoon,
  Sun,
  UserPlus,
} from "lucide-react";
import { Suspense } from "react";
import { IconButton, Logo, Menu, type MenuItem, StateDot, type DotState } from "../shared/components";
import { chooseTheme, themes } from "../shared/theme/theme";
import { lazily } from "../shared/lazily";
import { WorkspaceMenu } from "../workspaces/WorkspaceMenu";
import { commandsOf } from "./commands";
import { useWorkbench, useWorkbenchState } from "./context";
import { sayKey } from "./platform";
import type { Sandbox } from "../bridge";
import { awakeUntil, restsAt, runOf } from "./run";
import { type Sync, syncOf } from "./sync";

const NewestBuild = lazily(() => import("../builds/NewestBuild"));

export function TopBar() {
  const { store, application } = useWorkbench();
  const project = useWorkbenchState((state) => state.project);
  const layout = useWorkbenchState((state) => state.layout);
  const drawer = useWorkbenchState((state) => state.drawer);
  const role = useWorkbenchState((state) => (state.greeted ? state.role : null));
  return (
    <header className="wb-top">
      <a className="wb-home" href={project.dashboardUrl} aria-label="All projects">
        <Logo size={18} />
      </a>
      <h1 className="wb-title">
        <span className="wb-owner">{project.owner} / </span>
        {project.name}
      </h1>
      {project.me && <WorkspaceMenu project={project} workspace={project.workspace} me={project.me} />}
      <SyncSentence />
      <span className="wb-gap" />
      {role && (
        <Suspense>
          <NewestBuild project={project} mayBuild={role !== "viewer"} />
        </Suspense>
      )}
      <RunMenu />
      <ShareButton />
      <IconButton className="wb-wide" label="Commands" shortcut={sayKey("Mod+K")} icon={<Search size={16} aria-hidden />} onClick={() => store.set({ palette: "commands" })} />
      <span className="wb-wide wb-toggles">
        <IconButton label="Files" shortcut={sayKey("Mod+B")} aria-pressed={layout.treeOpen} icon={<PanelLeft size={16} aria-hidden />} onClick={() => store.setLayout({ treeOpen: !layout.treeOpen })} />
        <IconButton label="Preview" shortcut={sayKey("Mod+Alt+P")} aria-pressed={layout.previewOpen} icon={<PanelRight size={16} aria-hidden />} onClick={() => store.setLayout({ previewOpen: !layout.previewOpen })} />
      </span>
      <IconButton className="wb-wide" label="Checkpoints" shortcut={sayKey("Alt+H")} icon={<History size={16} aria-hidden />} onClick={() => store.set({ checkpoints: true })} />
      <TerminalButton />
      <IconButton
        className="wb-wide"
        label="Output"
        shortcut={sayKey("Mod+Shift+U")}
        aria-pressed={layout.drawerOpen && drawer === "output"}
        icon={<ListStart size={16} aria-hidden />}
        onClick={() => (layout.drawerOpen && drawer === "output" ? store.setLayout({ drawerOpen: false }) : application.showOutput())}
      />
      <ThemeMenu />
    </header>
  );
}

function ShareButton() {
  const { store } = useWorkbench();
  const asking = useWorkbenchState((state) => state.asking);
  return (
    <button type="button" className="wb-share" onClick={() => store.set({ sharing: true })}>
      <UserPlus size={14} aria-hidden />
      <span>Share</span>
      {asking > 0 && (
        <b className="wb-badge" title={`${asking} ${asking === 1 ? "asks" : "ask"} for access`}>
          {asking}
          <span className="ff-hidden"> ask for access</span>
        </b>
      )}
    </button>
  );
}

function TerminalButton() {
  const workbench = useWorkbench();
  const pressed = useWorkbenchState((state) => state.layout.drawerOpen && state.drawer === "terminal");
  const toggle = (): void => commandsOf(workbench).find((command) => command.id === "terminal")?.run();
  return <IconButton label="Terminal" shortcut="Ctrl+`" aria-pressed={pressed} icon={<SquareTerminal size={16} aria-hidden />} onClick={toggle} />;
}

const icons: Record<Sync["tone"], typeof CircleCheck> = { ok: CircleCheck, busy: LoaderCircle, bad: CloudOff, quiet: CircleAlert };

function SyncSentence() {
  const text = useWorkbenchState((state) => syncOf(state).text);
  const tone = useWorkbenchState((state) => syncOf(state).tone);
  const Icon = icons[tone];
  return (
    <p className={`wb-sync wb-sync-${tone}`} role="status">
      <Icon size={14} aria-hidden />
      <span>{text}</span>
    </p>
  );
}

function RunMenu() {
  const workbench = useWorkbench();
  const application = useWorkbenchState((state) => state.application);
  const sandbox = useWorkbenchState((state) => state.sandbox);
  const phase = useWorkbenchState((state) => state.phase);
  const run = runOf(application, sandbox, phase);
  const dots: Record<typeof run.tone, DotState> = { running: "running", busy: "busy", failed: "failed", off: "stopped" };
  return (
    <Menu
      label={[run.label, run.detail].filter(Boolean).join(" ")}
      className="wb-run"
      trigger={
        <>
          <StateDot state={dots[run.tone]} label={run.label} showLabel />{" "}
          {run.detail && <span className="wb-run-detail">{run.detail}</span>}
          <ChevronDown size={14} aria-hidden />
        </>
      }
      header={<RunFacts why={application?.found_by ? application.reason || application.found_by : ""} sandbox={sandbox} />}
      items={[...runItems(workbench, run.tone), ...sandboxItems(workbench, sandbox)]}
    />
  );
}

function RunFacts({ why, sandbox }: { why: string; sandbox: Sandbox | null }) {
  const facts = [why, sandbox?.busy?.length ? `Just now: ${sandbox.busy.join(", ")}.` : "", awakeUntil(sandbox), restsAt(sandbox), ...(sandbox?.notes ?? [])];
  return facts.filter(Boolean).map((fact) => (
    <p key={fact} className="wb-run-why">
      {fact}
    </p>
  ));
}

/** Keeping it awake, and the hosts of what listens inside. */
function sandboxItems(workbench: ReturnType<typeof useWorkbench>, sandbox: Sandbox | null): MenuItem[] {
  if (sandbox?.state !== "running" || workbench.store.state.phase.name !== "ready") return [];
  const kept = (sandbox.keep_awake ?? []).length > 0;
  const awake: MenuItem = kept
    ? { label: "Let sandbox sleep when idle", icon: <Moon size={16} aria-hidden />, onSelect: () => void workbench.letSleep() }
    : { label: "Keep awake for 2 hours", icon: <Coffee size={16} aria-hidden />, onSelect: () => void workbench.keepAwake("2h") };
  const ports = (sandbox.ports ?? []).map(({ port, url }, index) => ({
    label: `Open port ${port}`,
    icon: <ExternalLink size={16} aria-hidden />,
    href: url,
    newTab: true,
    separated: index === 0,
  }));
  return [awake, ...ports];
}

function runItems(workbench: ReturnType<typeof useWorkbench>, tone: "running" | "busy" | "failed" | "off"): MenuItem[] {
  const { application } = workbench;
  if (workbench.store.state.phase.name !== "ready") {
    return [{ label: "Checkpoints", icon: <History size={16} aria-hidden />, shortcut: sayKey("Alt+H"), onSelect: () => workbench.store.set({ checkpoints: true }) }, { label: "Wake sandbox", icon: <Play size={16} aria-hidden />, onSelect: () => workbench.connect() }];
  }
  const runs = tone === "running" || tone === "busy";
  return [
    ...(runs
      ? [
          { label: "Restart application", icon: <RotateCw size={16} aria-hidden />, onSelect: () => void application.act("restart") },
          { label: "Stop application", icon: <Square size={16} aria-hidden />, onSelect: () => void application.act("stop") },
        ]
      : [{ label: "Start application", icon: <Play size={16} aria-hidden />, onSelect: () => void application.act("start") }]),
    { label: "Show output", icon: <ListStart size={16} aria-hidden />, onSelect: () => application.showOutput() },
    { label: "Checkpoints", icon: <History size={16} aria-hidden />, shortcut: sayKey("Alt+H"), separated: true, onSelect: () => workbench.store.set({ checkpoints: true }) },
    { label: "Put sandbox to sleep", icon: <Moon size={16} aria-hidden />, onSelect: () => void workbench.setSandbox("stop") },
  ];
}

function ThemeMenu() {
  const themeIcons = { system: SunMoon, light: Sun, dark: Moon, contrast: Contrast };
  const items = themes.map(({ id, label }) => {
    const Icon = themeIcons[id];
    return { label, icon: <Icon size={16} aria-hidden />, onSelect: () => chooseTheme(id) };
  });
  return <Menu label="Theme" trigger={<SunMoon size={16} aria-hidden />} items={items} className="ff-icon-button wb-wide" />;
}
