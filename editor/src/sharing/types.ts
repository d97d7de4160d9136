/** Access to a project's previews, as `/api/v1/openapi.json` describes it. Times are RFC 3339. */
import type { Project, Visibility } from "../shared/api";

/** What the dialog has to know of a project before it asks. */
export interface Shared extends Pick<Project, "id" | "owner" | "name" | "role"> {
  previewUrl: string;
}

export function sharedOf({ id, owner, name, role, urls }: Project): Shared {
  return { id, owner, name, role, previewUrl: urls.preview };
}

export interface Person {
  id: string;
  account: string | null;
  email: string | null;
  display_name: string | null;
  by: string | null;
  since: string;
}

export interface Link {
  id: string;
  label: string;
  by: string | null;
  since: string;
  expires_at: string | null;
  max_uses: number | null;
  uses: number;
}

export interface NewLink extends Link {
  url: string;
}

export interface LinkWanted {
  label: string;
  expires_in: number | null;
  max_uses: number | null;
}

export interface Code {
  by: string | null;
  since: string;
  expires_at: string;
  max_uses: number | null;
  uses: number;
}

export interface NewCode {
  code: string;
  expires_at: string;
  max_uses: number | null;
}

export interface Password {
  by: string | null;
  since: string;
}

export type GrantKind = "member" | "person" | "link" | "code" | "password" | "request";

export interface Grant {
  id: string;
  kind: GrantKind;
  who: string | null;
  account: string | null;
  address: string | null;
  user_agent: string;
  since: string;
  last_seen: string;
  expires_at: string;
}

export interface AccessRequest {
  id: string;
  name: string;
  message: string;
  path: string;
  address: string | null;
  user_agent: string;
  asked_at: string;
  expires_at: string;
}

/** A request with the project that it is about. */
export interface Waiting {
  project_id: string;
  owner: string;
  name: string;
  request: AccessRequest;
}

export interface Policy {
  public: boolean;
  addresses: string[];
  public_paths: string[];
  public_preflights: boolean;
  /** Whether previews that are not public may keep service workers in their visitors' browsers. */
  service_workers: boolean;
}

export interface Access extends Policy {
  visibility: Visibility;
  may: { manage: boolean; widen: boolean };
  people: Person[];
  links: Link[];
  code: Code | null;
  password: Password | null;
  grants: Grant[];
  requests: AccessRequest[];
}

export type Reply = { answer: "allow"; hours: number } | { answer: "deny" } | { answer: "code" };
