import { CodeXml, FolderTree, Globe } from "lucide-react";
import { Suspense, useEffect } from "react";
import { CodePanel } from "../panels/code/CodePanel";
import { PreviewPanel } from "../panels/preview/PreviewPanel";
import { Drawer } from "../panels/terminal/Drawer";
import { TreePanel } from "../panels/tree/TreePanel";
import type { Account } from "../shared/api";
import { Toasts } from "../shared/components";
import { lazily } from "../shared/lazily";
import { Banner } from "./Banner";
import { commandsOf } from "./commands";
import { useWorkbench, useWorkbenchState } from "./context";
import { Notices } from "./Notices";
import { Palette } from "./Palette";
import { isKey } from "./platform";
import { Splitter } from "./Splitter";
import type { Phone } from "./state";
import { TopBar } from "./TopBar";

const Share = lazily(() => import("./Share"));
const Checkpoints = lazily(() => import("./Checkpoints"));
const Asking = lazily(() => whenIdle().then(() => import("./Asking")));

/** What nobody waits for comes after what everybody does. */
function whenIdle(): Promise<void> {
  return new Promise((resolve) => ("requestIdleCallback" in window ? requestIdleCallback(() => resolve()) : setTimeout(resolve, 1000)));
}

export function App({ user }: { user: Account | null }) {
  const { store } = useWorkbench();
  const layout = useWorkbenchState((state) => state.layout);
  const phone = useWorkbenchState((state) => state.phone);
  const palette = useWorkbenchState((state) => state.palette);
  const sharing = useWorkbenchState((state) => state.sharing);
  const checkpoints = useWorkbenchState((state) => state.checkpoints);
  const answers = useWorkbenchState((state) => state.greeted && (state.role === "owner" || state.role === "maintainer"));
  useKeys();
  useLeaving();
  return (
    <div className="wb" data-phone={phone}>
      <TopBar />
      <Banner />
      <div className="wb-panes">
        {layout.treeOpen && (
          <>
            <div className="wb-pane wb-pane-tree" style={{ width: layout.tree }} data-region="tree">
              <TreePanel />
            </div>
            <Splitter label="Width of the files" orientation="vertical" value={layout.tree} min={160} max={520} direction={1} onChange={(tree) => store.setLayout({ tree })} onCollapse={() => store.setLayout({ treeOpen: false })} />
          </>
        )}
        <main className="wb-pane wb-pane-code">
          <div className="wb-code" data-region="code">
            <CodePanel />
          </div>
          {layout.drawerOpen && (
            <>
              <Splitter label="Height of the panel" orientation="horizontal" value={layout.drawer} min={96} max={640} direction={-1} onChange={(drawer) => store.setLayout({ drawer })} onCollapse={() => store.setLayout({ drawerOpen: false })} />
              <div className="wb-drawer" style={{ height: layout.drawer }} data-region="drawer">
                <Drawer />
              </div>
            </>
          )}
        </main>
        {(layout.previewOpen || phone === "preview") && (
          <>
            <Splitter label="Width of the preview" orientation="vertical" value={layout.preview} min={240} max={1200} direction={-1} onChange={(preview) => store.setLayout({ preview })} onCollapse={() => store.setLayout({ previewOpen: false })} />
            <div className="wb-pane wb-pane-preview" style={{ width: layout.preview }} data-region="preview">
              <PreviewPanel />
            </div>
          </>
        )}
      </div>
      <PhoneTabs />
      <Notices />
      {palette && <Palette key={palette} mode={palette} />}
      {sharing && (
        <Suspense>
          <Share user={user} />
        </Suspense>
      )}
      {checkpoints && (
        <Suspense>
          <Checkpoints />
        </Suspense>
      )}
      {answers && (
        <Suspense>
          <Asking />
        </Suspense>
      )}
      <Toasts />
    </div>
  );
}

const phoneTabs: readonly { id: Phone; label: string; icon: typeof CodeXml }[] = [
  { id: "files", label: "Files", icon: FolderTree },
  { id: "code", label: "Code", icon: CodeXml },
  { id: "preview", label: "Preview", icon: Globe },
];

function PhoneTabs() {
  const { store } = useWorkbench();
  const phone = useWorkbenchState((state) => state.phone);
  const show = (id: Phone): void => {
    store.set({ phone: id });
    if (id === "files") store.setLayout({ treeOpen: true });
  };
  return (
    <nav className="wb-phone" aria-label="Parts of the editor">
      {phoneTabs.map(({ id, label, icon: Icon }) => (
        <button key={id} type="button" aria-current={phone === id ? "page" : undefined} onClick={() => show(id)}>
          <Icon size={18} aria-hidden />
          {label}
        </button>
      ))}
    </nav>
  );
}

/** The keys of all commands, wherever the focus is; in a terminal some belong to the shell. */
function useKeys(): void {
  const workbench = useWorkbench();
  useEffect(() => {
    const commands = commandsOf(workbench);
    const onKeyDown = (event: KeyboardEvent): void => {
      const inTerminal = event.target instanceof Element && event.target.closest(".xterm") !== null;
      const command = commands.find(({ key, notInTerminal }) => key && isKey(event, key) && !(notInTerminal && inTerminal));
      if (!command) return;
      event.preventDefault();
      event.stopPropagation();
      command.run();
    };
    window.addEventListener("keydown", onKeyDown, { capture: true });
    return () => window.removeEventListener("keydown", onKeyDown, { capture: true });
  }, [workbench]);
}

/** What is not saved is kept when the page goes; a network that is back, or a page looked at again, ends a waiting. */
function useLeaving(): void {
  const workbench = useWorkbench();
  useEffect(() => {
    const leave = (): void => workbench.documents.rescue();
    const back = (): void => {
      if (document.visibilityState === "hidden") leave();
      else workbench.hurry();
    };
    window.addEventListener("pagehide", leave);
    window.addEventListener("online", back);
    document.addEventListener("visibilitychange", back);
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void workbench.readSandbox();
    }, 60_000);
    return () => {
      window.removeEventListener("pagehide", leave);
      window.removeEventListener("online", back);
      document.removeEventListener("visibilitychange", back);
      clearInterval(timer);
    };
  }, [workbench]);
}
