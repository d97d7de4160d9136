import { useEffect, useMemo, useRef } from "react";
import { oneColumn } from "../panels/code/merging";
import { ErrorState, Skeleton } from "../shared/components";
import { Loaded, useLoaded } from "../shared/Loaded";
import type { CheckpointsApi } from "./api";
import type { Changes, FileChange } from "./types";

interface Props {
  api: CheckpointsApi;
  sides: Pick<Changes, "base" | "target">;
  file: FileChange;
}

/** One file's lines: what it became, with what it was above each difference. */
export default function FileDiff({ api, sides: { base, target }, file: { path, change } }: Props) {
  const texts = useMemo(() => {
    const older = (): Promise<string> => (change === "added" ? Promise.resolve("") : api.text(base, path));
    const newer = (): Promise<string> => (change === "deleted" ? Promise.resolve("") : api.text(target, path));
    return new Loaded(() => Promise.all([older(), newer()]));
  }, [api, base, target, path, change]);
  const { value, problem } = useLoaded(texts);
  if (!value) return problem ? <ErrorState problem={problem} onRetry={() => texts.load()} /> : <Skeleton rows={6} label={`Reading ${path}`} />;
  return <Lines path={path} older={value[0]} newer={value[1]} />;
}

function Lines({ path, older, newer }: { path: string; older: string; newer: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const view = oneColumn(place.current, { path, older, newer }, `${path}, with what it was above each difference`);
    return () => view.destroy();
  }, [path, older, newer]);
  return <div ref={place} className="cp-lines wb-compare" />;
}
