import { useEffect, useState } from "react";
import { asProblem, type Problem } from "../shared/api";

/** Seconds between two askings, while the page can be seen. */
const EVERY = 2;

/** What `load` answers now, asked again and again. `stale`: the last asking failed, and this is from before it. */
export function useLive<Answer>(load: () => Promise<Answer>) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let shown = true;
    let timer = 0;
    const ask = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const found = await load();
          if (!shown) return;
          setAnswer(found);
          setProblem(null);
        } catch (thrown) {
          if (!shown) return;
          setProblem(asProblem(thrown));
        }
      }
      timer = window.setTimeout(() => void ask(), EVERY * 1000);
    };
    void ask();
    return () => {
      shown = false;
      clearTimeout(timer);
    };
  }, [load, turn]);
  return { answer, problem, stale: problem !== null && answer !== null, again: () => setTurn((count) => count + 1) };
}
