import CheckpointsDialog from "../checkpoints/CheckpointsDialog";
import { useWorkbench, useWorkbenchState } from "./context";

/** What was kept of the workspace that is open. */
export default function Checkpoints() {
  const { store } = useWorkbench();
  const { owner, name, workspace } = useWorkbenchState((state) => state.project);
  const isAwake = useWorkbenchState((state) => state.phase.name === "ready");
  return <CheckpointsDialog owner={owner} name={name} workspace={workspace} mayRestore={store.mayWrite} isAwake={isAwake} onClose={() => store.set({ checkpoints: false })} />;
}
