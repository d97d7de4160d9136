import { createContext, useContext, useEffect, useMemo } from "react";
import { useLoaded } from "../shared/Loaded";
import type { Problem } from "../shared/api";
import { AccessApi } from "./api";
import { learn } from "./desk";
import { MISSED, onAccess } from "./heard";
import { Sharing } from "./Sharing";
import type { Access, Shared } from "./types";

export const SharingContext = createContext<{ sharing: Sharing; project: Shared; access: Access } | null>(null);

/** For what is inside of a page whose access is known. */
export function useAccess(): { sharing: Sharing; project: Shared; access: Access } {
  const given = useContext(SharingContext);
  if (!given) throw new Error("This belongs into a page about access.");
  return given;
}

/** The access of a project, kept in step with what others change while it is shown. */
export function useSharing(project: Shared): { sharing: Sharing; access: Access | null; problem: Problem | null } {
  const { id, owner, name } = project;
  const sharing = useMemo(() => new Sharing(new AccessApi({ owner, name })), [owner, name]);
  useEffect(() => {
    return onAccess((kind, data) => {
      const isAbout = kind.startsWith("access.") && data["project_id"] === id;
      if (kind === MISSED || isAbout) sharing.heard();
    });
  }, [sharing, id]);
  const { value: access, problem } = useLoaded(sharing);
  const requests = access?.requests;
  useEffect(() => {
    if (requests) learn({ id, owner, name }, requests);
  }, [requests, id, owner, name]);
  return { sharing, access, problem };
}
