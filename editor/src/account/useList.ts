import { useMemo } from "react";
import { asProblem, type Page } from "../shared/api";
import { showToast } from "../shared/components";
import { Loaded, useLoaded } from "../shared/Loaded";

/** A list from the server, loaded again after each change. */
export function useList<Item>(load: () => Promise<Page<Item>>) {
  const list = useMemo(() => new Loaded(load), [load]);
  const { value, problem } = useLoaded(list);
  const again = (): void => void list.load();
  /** Runs a change, tells its problem, loads again. Null: it failed. */
  const change = async <Answer>(call: Promise<Answer>): Promise<Answer | null> => {
    try {
      return await call;
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
      return null;
    } finally {
      again();
    }
  };
  return { items: value?.items ?? null, problem, again, change };
}
