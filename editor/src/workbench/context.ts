import { createContext, useContext } from "react";
import { useStore } from "zustand";
import type { WorkbenchState } from "./state";
import type { Workbench } from "./workbench";

export const WorkbenchContext = createContext<Workbench | null>(null);

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (!workbench) throw new Error("This belongs into a workbench.");
  return workbench;
}

export function useWorkbenchState<T>(select: (state: WorkbenchState) => T): T {
  return useStore(useWorkbench().store.api, select);
}
