/** Secrets of a project, as `/api/v1/openapi.json` describes them: never their values. */
export interface Secret {
  name: string;
  state: "set" | "missing" | "unreadable";
  /** Of the value, in bytes. */
  size: number;
  by: string | null;
  changed_at: string;
}

export interface Entry {
  name: string;
  value: string;
}
