import { GitBranch } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Button, EmptyState, ErrorState, Skeleton, StaleNote } from "../shared/components";
import { useLoaded } from "../shared/Loaded";
import { Branches } from "./Branches";
import { BranchRow } from "./BranchRow";
import { FirstPush } from "./FirstPush";
import { onBuilds } from "./heard";
import { PageKeys, rowKeys } from "./PageKeys";
import { SearchField } from "./SearchField";
import type { Place } from "./place";
import type { Branch } from "./types";

/** Every branch and pull request with its newest build and its site. */
export function BranchesPage({ place }: { place: Place }) {
  const branches = useMemo(() => new Branches(place.api, place.project.id), [place]);
  const { value: all, problem } = useLoaded(branches);
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const shown = all?.filter((branch) => fits(branch, typed)) ?? null;
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
        {all && all.length > 0 && <span className="ff-faint">{typed ? `${shown?.length ?? 0} of ${all.length}` : all.length}</span>}
        {all?.length !== 0 && (
          <div className="builds-filters" role="search" aria-label="Branches">
            <SearchField label="Find branches" hint="Branch, pull request, words" field={field} typed={typed} onType={setTyped} />
          </div>
        )}
        <PageKeys keys={[{ key: "/", does: "Find branches", run: () => field.current?.focus() }, ...rowKeys(".branch-title")]} />
      </div>
      {shown && <StaleNote problem={problem} />}
      {!shown ? (
        problem ? (
          <ErrorState problem={problem} onRetry={() => branches.load()} />
        ) : (
          <Skeleton rows={5} label="Loading the branches" />
        )
      ) : all?.length === 0 ? (
        <FirstPush place={place} />
      ) : shown.length === 0 ? (
        <EmptyState icon={<GitBranch size={20} aria-hidden />} title="No such branch" action={<Button onClick={() => setTyped("")}>Show all branches</Button>}>
          None has that in its name, its pull request or its newest commit.
        </EmptyState>
      ) : (
        <ul className="rows" aria-label="Branches">
          {shown.map((branch) => (
            <BranchRow key={branch.ref} branch={branch} branches={branches} place={place} />
          ))}
        </ul>
      )}
    </div>
  );
}

/** What is typed is a part of its name, its pull request or its newest commit. */
export function fits({ branch, subject, commit, pull_request: request }: Branch, typed: string): boolean {
  const words = typed.trim().toLowerCase();
  return [branch, subject, request?.title ?? ""].some((text) => text.toLowerCase().includes(words)) || commit.startsWith(words);
}
