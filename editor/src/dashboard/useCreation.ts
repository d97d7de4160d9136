import { useState } from "react";
import { asProblem, type CreatedProject, type Problem } from "../shared/api";
import { complaintAbout } from "./names";

/** A form's try to make a project: busy or not, and what was wrong with which field. */
export function useCreation(onCreated: (created: CreatedProject) => void) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [complaint, setComplaint] = useState<string | null>(null);

  const create = async (name: string, call: () => Promise<CreatedProject>) => {
    const found = complaintAbout(name);
    setComplaint(found);
    setProblem(null);
    if (found || busy) return;
    setBusy(true);
    try {
      onCreated(await call());
    } catch (thrown) {
      if (!(thrown instanceof DOMException && thrown.name === "AbortError")) setProblem(asProblem(thrown));
    } finally {
      setBusy(false);
    }
  };
  const isAboutName = problem?.field === "name" || problem?.type === "urn:firefly:name-taken";
  return {
    busy,
    create,
    nameError: complaint ?? (isAboutName ? problem.detail : null),
    /** What is wrong with anything but the name. */
    problem: isAboutName ? null : problem,
  };
}
