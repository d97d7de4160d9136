import { Eraser, Plus, X } from "lucide-react";
import { Suspense } from "react";
import { Button, EmptyState, IconButton, Skeleton } from "../../shared/components";
import { lazily } from "../../shared/lazily";
import { useWorkbench, useWorkbenchState } from "../../workbench/context";
import type { Terminal } from "../../workbench/state";
import { OutputPanel } from "../output/OutputPanel";

const TerminalScreen = lazily(() => import("./TerminalScreen"));

export function Drawer() {
  const { store, terminals, application } = useWorkbench();
  const drawer = useWorkbenchState((state) => state.drawer);
  const shells = useWorkbenchState((state) => state.terminals);
  const current = useWorkbenchState((state) => state.terminal);
  return (
    <section className="wb-panel" aria-label={drawer === "output" ? "Application output" : "Terminal"}>
      <nav className="wb-drawer-tabs" aria-label="Panels">
        <button type="button" aria-current={drawer === "output" ? "true" : undefined} onClick={() => store.set({ drawer: "output" })}>
          Output
        </button>
        {shells.map((shell) => (
          <span key={shell.key} className="wb-drawer-tab">
            <button
              type="button"
              aria-current={drawer === "terminal" && current === shell.key ? "true" : undefined}
              onClick={() => store.set({ drawer: "terminal", terminal: shell.key })}
            >
              {shell.title}
            </button>
            <button type="button" className="wb-drawer-close" aria-label={`Close ${shell.title}`} onClick={() => terminals.close(shell.key)}>
              <X size={12} aria-hidden />
            </button>
          </span>
        ))}
        <IconButton tooltip="above" label="New terminal" shortcut="Ctrl+Shift+`" icon={<Plus size={16} aria-hidden />} onClick={() => terminals.add()} />
        <span className="wb-gap" />
        {drawer === "output" && <IconButton tooltip="above" label="Clear output" icon={<Eraser size={16} aria-hidden />} onClick={() => application.clear()} />}
        <IconButton className="wb-drawer-hide" tooltip="above" label="Hide panel" icon={<X size={16} aria-hidden />} onClick={() => store.setLayout({ drawerOpen: false })} />
      </nav>
      {drawer === "output" && <OutputPanel />}
      {drawer === "terminal" && shells.length === 0 && (
        <EmptyState title="No terminal is open" action={<Button kind="primary" onClick={() => terminals.add()}>New terminal</Button>}>
          A shell in the project’s sandbox.
        </EmptyState>
      )}
      {shells.map((shell) => (
        <Shell key={shell.key} shell={shell} isShown={drawer === "terminal" && current === shell.key} />
      ))}
    </section>
  );
}

function Shell({ shell, isShown }: { shell: Terminal; isShown: boolean }) {
  const { terminals } = useWorkbench();
  return (
    <div className="wb-shell" hidden={!isShown}>
      {isShown && (
        <Suspense fallback={<Skeleton rows={3} label="Opening the terminal" />}>
          <TerminalScreen name={shell.key} title={shell.title} shells={terminals} />
        </Suspense>
      )}
      {shell.note && (
        <p className="wb-shell-note" role="status">
          {shell.note}{" "}
          <button
            type="button"
            className="ff-link"
            onClick={() => {
              terminals.close(shell.key);
              terminals.add();
            }}
          >
            New terminal
          </button>
        </p>
      )}
    </div>
  );
}
