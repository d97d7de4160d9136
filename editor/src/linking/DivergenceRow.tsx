import { ExternalLink } from "lucide-react";
import { Button } from "../shared/components";
import type { Divergence, ProviderName } from "./types";
import { branchOf, TITLES } from "./words";

interface Props {
  divergence: Divergence;
  provider: ProviderName;
  mayChoose: boolean;
  onChoose: (choice: "theirs" | "ours") => void;
}

const SHORT = 8;

/** A branch on which both sides went on, with what one can do about it; or one that a side refuses. */
export function DivergenceRow({ divergence, provider, mayChoose, onChoose }: Props) {
  const branch = branchOf(divergence);
  const { state, ours, theirs } = divergence;
  const isBranch = divergence.ref.startsWith("refs/heads/");
  return (
    <li className="sh-row divergence">
      <div className="sh-row-words">
        <span className="sh-row-title">{branch}</span>
        {state === "refused" ? (
          <span className="sh-hint">{divergence.reason}</span>
        ) : (
          <span className="sh-hint">
            Here <code>{ours?.slice(0, SHORT) ?? "deleted"}</code>, at {TITLES[provider]} <code>{theirs?.slice(0, SHORT) ?? "deleted"}</code>
            {divergence.compare_url && (
              <>
                {" "}
                <a href={divergence.compare_url} target="_blank" rel="noreferrer">
                  What came there <ExternalLink size={14} aria-label="in a new tab" />
                </a>
              </>
            )}
          </span>
        )}
      </div>
      {state === "diverged" && mayChoose && isBranch && (
        <div className="divergence-choices" role="group" aria-label={`What becomes of ${branch}`}>
          <Button onClick={() => onChoose("theirs")}>Bring theirs as a new branch</Button>
          <Button onClick={() => onChoose("ours")}>Keep ours as a new branch, follow theirs</Button>
        </div>
      )}
    </li>
  );
}
