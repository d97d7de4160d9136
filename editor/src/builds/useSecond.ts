import { useEffect, useState } from "react";

/** The present, to the second while `runs`. */
export function useSecond(runs: boolean): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (!runs) return;
    const timer = setInterval(() => setNow(new Date()), 1000);
    return () => clearInterval(timer);
  }, [runs]);
  return now;
}
