import { useEffect, useMemo } from "react";
import { ErrorState, Skeleton } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { Branches } from "./Branches";
import { BranchRow } from "./BranchRow";
import { FirstPush } from "./FirstPush";
import { onBuilds } from "./heard";
import type { Place } from "./place";

/** Every branch and pull request with its newest build and its site. */
export function BranchesPage({ place }: { place: Place }) {
  const branches = useMemo(() => new Branches(place.api, place.project.id), [place]);
  const { value: shown, problem } = useLoaded(branches);
  useEffect(() => {
    document.title = `Branches · ${place.project.owner}/${place.project.name}`;
    const leave = onBuilds((heard) => branches.heard(heard));
    return () => {
      leave();
      branches.close();
    };
  }, [branches, place]);
  return (
    <div className="builds">
      <div className="builds-head">
        <h1>Branches</h1>
        {shown && shown.length > 0 && <span className="ff-faint">{shown.length}</span>}
      </div>
      {!shown ? (
        problem ? (
          <ErrorState problem={problem} onRetry={() => void branches.load()} />
        ) : (
          <Skeleton rows={5} label="Loading the branches" />
        )
      ) : shown.length === 0 ? (
        <FirstPush place={place} />
      ) : (
        <ul className="rows" aria-label="Branches">
          {shown.map((branch) => (
            <BranchRow key={branch.ref} branch={branch} branches={branches} place={place} />
          ))}
        </ul>
      )}
      {shown && problem && (
        <p className="builds-note" role="alert">
          {problem.detail} This is how it was before.
        </p>
      )}
    </div>
  );
}
