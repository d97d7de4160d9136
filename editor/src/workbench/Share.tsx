import { Api, type Account } from "../shared/api";
import ShareDialog from "../sharing/ShareDialog";
import { useWorkbench, useWorkbenchState } from "./context";

const api = new Api();

/** The dialog behind the Share button. */
export default function Share({ user }: { user: Account | null }) {
  const { store } = useWorkbench();
  const { id, owner, name, previewUrl } = useWorkbenchState((state) => state.project);
  const role = useWorkbenchState((state) => state.role);
  const project = { id, owner, name, role, previewUrl };
  return <ShareDialog api={api} project={project} user={user} onClose={() => store.set({ sharing: false })} />;
}
