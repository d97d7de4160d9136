import { Keyboard } from "lucide-react";
import { useState } from "react";
import { Button, Dialog, IconButton } from "../shared/components";
import { useKeys } from "./useKeys";

/** A single key and what it does, as it is told at `?`. */
export interface PageKey {
  key: string;
  does: string;
  run: () => void;
}

/** The keys of a page: they work while it is shown, and `?` or the button tells them. */
export function PageKeys({ keys }: { keys: readonly PageKey[] }) {
  const [asks, setAsks] = useState(false);
  useKeys({ ...Object.fromEntries(keys.map(({ key, run }) => [key, run])), "?": () => setAsks(true) });
  return (
    <>
      <span className="page-keys">
        <IconButton label="Keys" shortcut="?" icon={<Keyboard size={16} aria-hidden />} onClick={() => setAsks(true)} />
      </span>
      {asks && <KeysDialog keys={keys} onClose={() => setAsks(false)} />}
    </>
  );
}

function KeysDialog({ keys, onClose }: { keys: readonly PageKey[]; onClose: () => void }) {
  return (
    <Dialog title="Keys" width="small" onClose={onClose} footer={<Button onClick={onClose}>Close</Button>}>
      <dl className="keys">
        {[...keys, { key: "?", does: "These keys" }].map(({ key, does }) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** Up and down in the list of a page, whose rows are links of that class; Enter opens the one that is reached. */
export function rowKeys(selector: string): PageKey[] {
  return [
    { key: "j", does: "Next row", run: () => toRow(selector, 1) },
    { key: "k", does: "Row before", run: () => toRow(selector, -1) },
  ];
}

function toRow(selector: string, by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(selector)];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  rows[next]?.focus();
}
