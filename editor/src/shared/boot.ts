/** What the server's page hands to its script: the `firefly-boot` JSON element. */
import type { Account, Project } from "./api/types";

export interface Boot {
  user: Account | null;
  urls: Record<string, string>;
  contentDomain: string;
  project: Project | null;
  /** Whose own workspace the page is about; empty for the shared one. */
  workspace: string;
  version?: string;
}

export function readBoot(): Boot {
  const text = document.getElementById("firefly-boot")?.textContent;
  const given = (text ? JSON.parse(text) : {}) as Partial<Boot>;
  return { user: null, urls: {}, contentDomain: "", project: null, workspace: "", ...given };
}
