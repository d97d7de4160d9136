import { useEffect, useState } from "react";
import { MembersDialog } from "../project/MembersDialog";
import { Api, asProblem, type Account, type Problem, type Project as ApiProject } from "../shared/api";
import { Dialog, ErrorState, Skeleton } from "../shared/components";
import { useWorkbench, useWorkbenchState } from "./context";

const api = new Api();

/** The dialog behind the Share button; asks for the project anew, since its visibility may have changed. */
export default function Share({ user }: { user: Account | null }) {
  const { store } = useWorkbench();
  const { owner, name } = useWorkbenchState((state) => state.project);
  const [project, setProject] = useState<ApiProject | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    api.project({ owner, name }).then(setProject, (thrown: unknown) => setProblem(asProblem(thrown)));
  }, [owner, name, turn]);
  const close = (): void => store.set({ sharing: false });
  const again = (): void => {
    setProblem(null);
    setTurn(turn + 1);
  };
  if (project) return <MembersDialog api={api} project={project} user={user} onClose={close} />;
  return (
    <Dialog title={`Share ${name}`} onClose={close}>
      {problem ? <ErrorState problem={problem} onRetry={again} /> : <Skeleton rows={5} label="Loading who may see it" />}
    </Dialog>
  );
}
