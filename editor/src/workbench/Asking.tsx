import { useCallback } from "react";
import RequestNotice from "../sharing/RequestNotice";
import { useWorkbench, useWorkbenchState } from "./context";

/** Whoever asks for access to this project's preview; nothing while the dialog that lists them is open. */
export default function Asking() {
  const { store } = useWorkbench();
  const { id } = useWorkbenchState((state) => state.project);
  const sharing = useWorkbenchState((state) => state.sharing);
  const count = useCallback((asking: number) => store.set({ asking }), [store]);
  return <RequestNotice projectId={id} hidden={sharing} onShow={() => store.set({ sharing: true })} onCount={count} />;
}
