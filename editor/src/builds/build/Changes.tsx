import { useMemo } from "react";
import { RelativeTime } from "../../shared/components";
import { Loaded, useLoaded } from "../../shared/Loaded";
import { stayHere } from "../../shared/router";
import type { Place } from "../place";
import type { Build, BuildChanges } from "../types";
import { shortCommit } from "../words";

/** What came since the branch was built well: for a build that failed the place to look for why. Nothing before the first. */
export function Changes({ place, build, isOpen = false }: { place: Place; build: Build; isOpen?: boolean }) {
  const changes = useMemo(() => new Loaded(() => place.api.changes(build.id)), [place.api, build.id]);
  const { value } = useLoaded(changes);
  if (!value?.since) return null;
  const { since, commits } = value;
  const when = <RelativeTime at={since.ended_at ?? since.created_at} />;
  const link = (
    <a href={place.link("builds", since.number)} onClick={stayHere}>
      build {since.number}
    </a>
  );
  const where = since.ref === build.ref ? "" : ` of ${since.branch}`;
  if (commits.length === 0)
    return (
      <p className="changes-none">
        {since.commit === build.commit ? "The same commit went well" : "It went well last"} in {link}
        {where}, {when}.
      </p>
    );
  return (
    <details className="changes" open={isOpen}>
      <summary>
        {sayCount(value)} since {since.ref === build.ref ? "it" : since.branch} went well, {when}
      </summary>
      <ul aria-label="Commits since then">
        {commits.map(({ commit, subject, author, at }) => (
          <li key={commit}>
            <code title={commit}>{shortCommit(commit)}</code>
            <span className="changes-subject" dir="auto" title={subject}>
              {subject}
            </span>
            <span className="changes-who">
              <bdi>{author}</bdi> <RelativeTime at={at} />
            </span>
          </li>
        ))}
        <li className="ff-faint">That was {link}.</li>
      </ul>
    </details>
  );
}

export function sayCount({ commits, more }: Pick<BuildChanges, "commits" | "more">): string {
  if (more) return `More than ${commits.length} commits`;
  return commits.length === 1 ? "1 commit" : `${commits.length} commits`;
}
