/** Further hosts of a project, as `/api/v1/openapi.json` describes them. Times are RFC 3339. */
export type DomainState = "pending" | "active" | "failing" | "suspended" | "taken";
export type CertificateState = "valid" | "planned" | "ordered" | "failed" | "missing" | "elsewhere";

export interface Domain {
  id: string;
  host: string;
  /** As people write it. */
  name: string;
  kind: "alias" | "custom";
  port: number | null;
  state: DomainState;
  reason: string;
  url: string;
  by: string | null;
  added_at: string;
  proof: { type: string; name: string; value: string } | null;
  failing_since: string | null;
  checked_at: string | null;
  next_check: string | null;
  certificate: { state: CertificateState; reason: string; ends: string | null };
}
