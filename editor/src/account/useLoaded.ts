import { useCallback, useEffect, useState } from "react";
import { asProblem, type Page, type Problem } from "../shared/api";
import { showToast } from "../shared/components";

/** A list from the server, loaded again after each change. */
export function useLoaded<Item>(load: () => Promise<Page<Item>>) {
  const [items, setItems] = useState<Item[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let shown = true;
    load().then(
      (page) => {
        if (!shown) return;
        setItems(page.items);
        setProblem(null);
      },
      (thrown: unknown) => shown && setProblem(asProblem(thrown)),
    );
    return () => {
      shown = false;
    };
  }, [load, turn]);
  const again = useCallback(() => setTurn((count) => count + 1), []);
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
  return { items, problem, again, change };
}
