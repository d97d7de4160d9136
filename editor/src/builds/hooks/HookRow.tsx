import { ChevronRight, Send, Trash2 } from "lucide-react";
import { useState } from "react";
import { asProblem } from "../../shared/api";
import { Button, Dialog, IconButton, RelativeTime, showToast } from "../../shared/components";
import { Switch } from "../settings/Switch";
import type { HooksApi } from "./api";
import { Deliveries } from "./Deliveries";
import type { Hooks } from "./Hooks";
import type { Hook } from "./types";

interface Props {
  hook: Hook;
  hooks: Hooks;
  api: HooksApi;
}

/** One hook, with its calls behind it. */
export function HookRow({ hook, hooks, api }: Props) {
  const [open, setOpen] = useState(false);
  const [asks, setAsks] = useState(false);
  const [turn, setTurn] = useState(0);
  const ping = async (): Promise<void> => {
    try {
      await api.ping(hook.id);
      setOpen(true);
      setTurn(turn + 1);
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
  };
  return (
    <li className="hook">
      <div className="hook-line">
        <button type="button" className="hook-open" aria-expanded={open} onClick={() => setOpen(!open)}>
          <ChevronRight size={14} aria-hidden className={open ? "step-twist step-twist-open" : "step-twist"} />
          <span className="hook-text">
            <b>{hook.host}</b>
            <span className="branch-hint">
              {hook.flavour === "generic" ? "" : `${hook.flavour} · `}
              {hook.events.join(", ")} · added by {hook.by} <RelativeTime at={hook.created_at} />
            </span>
            {hook.reason && <span className="ff-bad hook-reason">{hook.reason}</span>}
          </span>
        </button>
        <Switch label={hook.active ? "On" : "Off"} name={`Call ${hook.host}`} isOn={hook.active} onChange={(active) => void hooks.setActive(hook, active)} />
        <IconButton label={`Try ${hook.host}`} icon={<Send size={16} aria-hidden />} onClick={() => void ping()} />
        <IconButton label={`Remove ${hook.host}`} icon={<Trash2 size={16} aria-hidden />} onClick={() => setAsks(true)} />
      </div>
      {open && <Deliveries key={turn} hook={hook} api={api} />}
      {asks && (
        <Dialog
          title={`Remove the hook at ${hook.host}?`}
          width="small"
          onClose={() => setAsks(false)}
          footer={
            <>
              <Button onClick={() => setAsks(false)}>Keep it</Button>
              <Button kind="danger" onClick={() => hooks.remove(hook)}>
                Remove it
              </Button>
            </>
          }
        >
          <p>Its address, its key and what is known of its calls are lost.</p>
        </Dialog>
      )}
    </li>
  );
}
