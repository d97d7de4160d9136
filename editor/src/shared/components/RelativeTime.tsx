import { sayExactly, sayTime } from "./time";
import { useNow } from "./useNow";

/** A time in words, the exact one on hover. `at` is ISO 8601. */
export function RelativeTime({ at }: { at: string }) {
  const now = useNow();
  const date = new Date(at);
  return (
    <time dateTime={at} title={sayExactly(date)}>
      {sayTime(date, now)}
    </time>
  );
}
