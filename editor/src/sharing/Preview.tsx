import { CodeDoor } from "./CodeDoor";
import { Everybody } from "./Everybody";
import { Links } from "./Links";
import { More } from "./More";
import { PasswordDoor } from "./PasswordDoor";
import { People } from "./People";
import { Requests } from "./Requests";
import { useAccess } from "./useSharing";

/** Who asks, and every way to let people in. */
export function Preview() {
  const { access, project } = useAccess();
  if (!access.may.manage) return <p className="sh-note ff-muted">Owners and maintainers of {project.name} decide who else can see it.</p>;
  return (
    <>
      <Requests projectId={project.id} />
      {!access.may.widen && <p className="sh-note ff-muted">You can close what is open. Letting more people in is for owners.</p>}
      <Everybody />
      <People />
      <Links />
      <CodeDoor />
      <PasswordDoor />
      <More />
    </>
  );
}
