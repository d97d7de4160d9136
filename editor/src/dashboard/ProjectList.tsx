import { SearchX } from "lucide-react";
import type { KeyboardEvent } from "react";
import type { Account } from "../shared/api";
import { Button, EmptyState, ErrorState, Skeleton } from "../shared/components";
import type { Asked } from "./Dashboard";
import { matching } from "./list";
import { ProjectRow } from "./ProjectRow";
import { loadProjects, useDashboard } from "./store";
import { Welcome } from "./Welcome";

interface Props {
  user: Account;
  server: string;
  query: string;
  onClear: () => void;
  onAsk: (asked: Asked) => void;
}

export function ProjectList({ user, server, query, onClear, onAsk }: Props) {
  const { items, state, problem } = useDashboard((all) => all.projects);
  if (problem) return <ErrorState problem={problem} onRetry={() => loadProjects()} />;
  if (state === "loading") return <Skeleton rows={5} label="Loading your projects" />;
  if (items.length === 0) return <Welcome user={user} server={server} />;
  const found = matching(items, query);
  return (
    <section aria-labelledby="projects-title">
      <div className="page-head">
        <h1 id="projects-title">Projects</h1>
        <span className="ff-faint" role="status">
          {query ? `${found.length} of ${items.length}` : items.length}
        </span>
      </div>
      {found.length === 0 ? (
        <EmptyState icon={<SearchX size={20} aria-hidden />} title="No project matches" action={<Button onClick={onClear}>Show all projects</Button>}>
          Nothing here is called “{query}”. Try fewer letters.
        </EmptyState>
      ) : (
        // Arrows go from row to row; each row's link is an ordinary one.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
        <ul className="rows" onKeyDown={moveBetweenRows}>
          {found.map((project) => (
            <ProjectRow key={project.id} project={project} user={user} onAsk={onAsk} />
          ))}
        </ul>
      )}
    </section>
  );
}

export function moveBetweenRows(event: KeyboardEvent<HTMLElement>): void {
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>(".project-link")];
  const at = links.findIndex((link) => link.closest("li")?.contains(event.target as Node));
  const targets: Record<string, number> = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: links.length - 1 };
  const to = targets[event.key];
  if (to === undefined) return;
  event.preventDefault();
  if (to < 0) document.querySelector<HTMLInputElement>(".search input")?.focus();
  else links[Math.min(to, links.length - 1)]?.focus();
}
