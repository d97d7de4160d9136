/** What the one stream of events of a project's pages tells, for whatever of it is shown. */
import { BUILD_KINDS, tellBuilds } from "../builds/heard";
import { LINK_KINDS } from "../linking/heard";
import { EventStream } from "../shared/api";
import { ACCESS_KINDS, MISSED, tellAccess } from "../sharing/heard";

/** Opens the stream; returns how to close it. */
export function hearProject(): () => void {
  const missed = (): void => {
    tellAccess(MISSED);
    tellBuilds("missed");
  };
  const stream = new EventStream({
    kinds: [...BUILD_KINDS, ...ACCESS_KINDS, ...LINK_KINDS],
    onEvent: ({ kind, data }) => (BUILD_KINDS.includes(kind) ? tellBuilds(kind, data) : tellAccess(kind, data)),
    onReset: missed,
    onOpen: missed,
  });
  return () => stream.close();
}
