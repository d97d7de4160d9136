/** Hooks: those that the project calls, and what a provider's hook sent. */
export const EVENTS = ["queued", "started", "ended", "succeeded", "failed", "live", "gone"] as const;
export const FLAVOURS = ["generic", "slack", "mattermost", "discord", "teams"] as const;
export type HookEvent = (typeof EVENTS)[number];
export type Flavour = (typeof FLAVOURS)[number];

export interface Hook {
  id: string;
  flavour: Flavour;
  /** Of its address, which is not shown again. */
  host: string;
  events: HookEvent[];
  active: boolean;
  /** Why Firefly has switched it off, or empty. */
  reason: string;
  by: string;
  created_at: string;
}

export interface CreatedHook extends Hook {
  secret: string;
}

export interface NewHook {
  url: string;
  flavour: Flavour;
  events: HookEvent[];
}

export interface Delivery {
  id: string;
  event: string;
  state: "waiting" | "delivered" | "failed";
  status: number | null;
  reason: string;
  answer: string;
  attempts: number;
  created_at: string;
  due_at: string;
  ended_at: string | null;
  body: string;
}

/** What a provider's hook sent here. */
export interface Received {
  id: string;
  provider: "github" | "gitlab" | "bitbucket" | "bitbucketdc" | "gitea";
  event: string;
  summary: string;
  size: number;
  is_kept: boolean;
  state: "received" | "handled" | "ignored" | "failed";
  reason: string;
  attempts: number;
  received_at: string;
}
