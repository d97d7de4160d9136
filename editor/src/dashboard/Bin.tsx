import { RotateCcw, Trash2 } from "lucide-react";
import type { Project } from "../shared/api";
import { Button, EmptyState, ErrorState, RelativeTime, Skeleton, useNow } from "../shared/components";
import { loadBin, restoreProject, useDashboard } from "./store";

const KEPT_DAYS = 30;
const DAY = 86_400_000;

export function Bin() {
  const { items, state, problem } = useDashboard((all) => all.bin);
  if (problem) return <ErrorState problem={problem} onRetry={() => loadBin()} />;
  if (state === "loading") return <Skeleton label="Loading the bin" />;
  return (
    <section aria-labelledby="bin-title">
      <div className="page-head">
        <h1 id="bin-title">Bin</h1>
        <span className="ff-faint">Deleted projects are kept for 30 days</span>
      </div>
      {items.length === 0 ? (
        <EmptyState icon={<Trash2 size={20} aria-hidden />} title="The bin is empty">
          What you delete comes here first and can be restored.
        </EmptyState>
      ) : (
        <ul className="rows">
          {items.map((project) => (
            <Row key={project.id} project={project} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ project }: { project: Project }) {
  const deleted = project.deleted_at ?? project.changed_at;
  const left = Math.max(0, Math.ceil((Date.parse(deleted) + KEPT_DAYS * DAY - useNow().getTime()) / DAY));
  return (
    <li className="row row-binned">
      <Trash2 size={14} aria-hidden className="ff-muted" />
      <div className="row-name">
        <span className="project-link">{project.name}</span>
      </div>
      <div className="row-change">
        <span className="row-what">
          deleted <RelativeTime at={deleted} />
        </span>
        <span>{left === 1 ? "1 day left" : `${left} days left`}</span>
      </div>
      <div className="row-tools">
        <Button icon={<RotateCcw size={14} aria-hidden />} aria-label={`Restore ${project.name}`} onClick={() => restoreProject(project)}>
          Restore
        </Button>
      </div>
    </li>
  );
}
