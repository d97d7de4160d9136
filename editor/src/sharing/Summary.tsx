import { ExternalLink, Eye, Globe, Lock } from "lucide-react";
import { CopyButton } from "../shared/components";
import { useAccess } from "./useSharing";
import { everybodyOf, sayWho } from "./words";

/** Who can see the preview now, in one sentence, and where it is. */
export function Summary() {
  const { access, project } = useAccess();
  const everybody = everybodyOf(access);
  const sentence = sayWho(access);
  const Icon = everybody !== "nobody" ? Globe : sentence.startsWith("Only members") ? Lock : Eye;
  return (
    <div className="sh-summary">
      <p className="sh-who" role="status">
        <Icon size={16} aria-hidden />
        <span>{sentence}</span>
      </p>
      <div className="sh-address">
        <a href={project.previewUrl} target="_blank" rel="noopener">
          <span>{project.previewUrl.replace(/^https?:\/\//, "")}</span>
          <ExternalLink size={14} aria-label="in a new tab" />
        </a>
        <CopyButton text={project.previewUrl} label="Copy" kind="quiet" />
      </div>
    </div>
  );
}
