import type { Job, Project } from "../../src/shared/api";

export function project(name: string, more: Partial<Project> = {}): Project {
  return {
    id: `id-${name}`,
    owner: "ada",
    name,
    description: "",
    visibility: "members",
    default_branch: "main",
    template: null,
    remix_of: null,
    remixes: 0,
    role: "owner",
    created_at: "2026-11-01T00:00:00Z",
    changed_at: "2026-11-01T00:00:00Z",
    deleted_at: null,
    last_change: { what: "created it", who: "ada", at: "2026-11-01T00:00:00Z" },
    sandbox: "stopped",
    sandbox_reason: "",
    freezes_at: null,
    stops_at: null,
    urls: { editor: "", preview: "", git: "" },
    ...more,
  };
}

export function job(more: Partial<Job> = {}): Job {
  return {
    id: "j1",
    project_id: "id-site",
    kind: "import",
    state: "running",
    steps: [],
    error: null,
    created_at: "2026-11-01T00:00:00Z",
    finished_at: null,
    ...more,
  };
}
