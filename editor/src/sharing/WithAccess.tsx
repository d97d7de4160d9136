import { CloudOff, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { Button, ErrorState, Skeleton } from "../shared/components";
import type { Shared } from "./types";
import { SharingContext, useSharing } from "./useSharing";
import "./sharing.css";

/** What is inside shows a project's access; until it is known, and where it cannot be, this says so. */
export function WithAccess({ project, children }: { project: Shared; children: ReactNode }) {
  const { sharing, access, problem } = useSharing(project);
  const again = (): void => void sharing.load();
  if (!access) return problem ? <ErrorState problem={problem} onRetry={again} /> : <Skeleton rows={6} label="Loading who may see it" />;
  return (
    <SharingContext value={{ sharing, project, access }}>
      {problem && (
        <div className="sh-stale" role="alert">
          <CloudOff size={16} aria-hidden />
          <p>This may be out of date: {problem.detail}</p>
          <Button icon={<RotateCw size={14} aria-hidden />} onClick={again}>
            Try again
          </Button>
        </div>
      )}
      {children}
    </SharingContext>
  );
}
