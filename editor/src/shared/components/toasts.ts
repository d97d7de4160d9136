/** What just happened, told at the corner; with `undo`, for as long as it is shown. */
import { create } from "zustand";

export interface Toast {
  id: number;
  text: string;
  kind: "done" | "problem";
  undo?: (() => void) | undefined;
}

interface Toasts {
  shown: Toast[];
  /** Open dialogs, the last in front: what stands outside of it can be neither seen nor reached. */
  dialogs: HTMLElement[];
  show: (text: string, options?: { kind?: Toast["kind"]; undo?: () => void }) => number;
  dismiss: (id: number) => void;
}

const MOST = 4;
let last = 0;

export const useToasts = create<Toasts>((set) => ({
  shown: [],
  dialogs: [],
  show: (text, { kind = "done", undo } = {}) => {
    const id = ++last;
    set(({ shown }) => ({ shown: [...shown, { id, text, kind, undo }].slice(-MOST) }));
    return id;
  },
  dismiss: (id) => set(({ shown }) => ({ shown: shown.filter((toast) => toast.id !== id) })),
}));

/** Tells that a dialog is open; returns how to tell that it is not. */
export function hostToasts(dialog: HTMLElement): () => void {
  useToasts.setState(({ dialogs }) => ({ dialogs: [...dialogs, dialog] }));
  return () => useToasts.setState(({ dialogs }) => ({ dialogs: dialogs.filter((one) => one !== dialog) }));
}

export const showToast = useToasts.getState().show;
