import { UserMinus } from "lucide-react";
import { useEffect, useState, type SyntheticEvent } from "react";
import { asProblem, type Account, type Api, type Member, type Problem, type Project, type Role } from "../shared/api";
import { reach } from "../shared/api/reach";
import { Button, ErrorState, Field, IconButton, initialsOf, showToast, Skeleton } from "../shared/components";

const ROLES: readonly { id: Role; label: string; hint: string }[] = [
  { id: "owner", label: "Owner", hint: "may do everything" },
  { id: "maintainer", label: "Maintainer", hint: "looks after members and settings" },
  { id: "editor", label: "Editor", hint: "changes files and runs them" },
  { id: "viewer", label: "Viewer", hint: "looks, changes nothing" },
];

type Place = Pick<Project, "owner" | "name" | "role">;

interface Props {
  api: Api;
  project: Place;
  user: Account | null;
  onChange?: (() => void) | undefined;
}

export function Members({ api, project, user, onChange }: Props) {
  const [members, setMembers] = useState<Member[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let shown = true;
    api.members(project).then(
      ({ items }) => {
        if (!shown) return;
        setMembers(items);
        setProblem(null);
      },
      (thrown: unknown) => shown && setProblem(asProblem(thrown)),
    );
    return () => {
      shown = false;
    };
  }, [api, project, turn]);
  useEffect(() => reach.onReturn(() => setTurn((count) => count + 1)), []);
  const again = () => {
    setProblem(null);
    setTurn(turn + 1);
    onChange?.();
  };
  const attempt = async (call: Promise<unknown>) => {
    try {
      await call;
    } catch (thrown) {
      showToast(asProblem(thrown).detail, { kind: "problem" });
    }
    again();
  };
  const remove = async (member: Member) => {
    await attempt(api.removeMember(project, member.name));
    const undo = () => void attempt(api.putMember(project, member.name, member.role));
    showToast(`${member.display_name || member.name} is no member any more.`, { undo });
  };
  if (problem && !members) return <ErrorState problem={problem} onRetry={again} />;
  if (!members) return <Skeleton rows={3} label="Loading the members" />;
  const manages = project.role === "owner" || project.role === "maintainer";
  return (
    <section className="members" aria-labelledby="members-title">
      <h3 id="members-title">Members</h3>
      {manages && <AddMember project={project} api={api} onAdded={again} />}
      <ul>
        {members.map((member) => (
          <MemberRow
            key={member.name}
            member={member}
            isUser={member.name === user?.name}
            manages={manages}
            mayMakeOwners={project.role === "owner"}
            onRole={(role) => void attempt(api.putMember(project, member.name, role))}
            onRemove={() => void remove(member)}
          />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  member: Member;
  isUser: boolean;
  manages: boolean;
  mayMakeOwners: boolean;
  onRole: (role: Role) => void;
  onRemove: () => void;
}

function MemberRow({ member, isUser, manages, mayMakeOwners, onRole, onRemove }: RowProps) {
  const hint = isUser ? "you" : member.display_name && member.display_name !== member.name ? member.name : null;
  const mayChange = manages && (mayMakeOwners || member.role !== "owner");
  return (
    <li className="member">
      <span className="member-initials" aria-hidden="true">
        {initialsOf(member)}
      </span>
      <span className="member-name">
        {member.display_name || member.name}
        {hint && <span className="ff-faint">{hint}</span>}
      </span>
      {mayChange ? (
        <RoleSelect role={member.role} label={`Role of ${member.name}`} mayMakeOwners={mayMakeOwners} onChange={onRole} />
      ) : (
        <span className="ff-muted">{ROLES.find(({ id }) => id === member.role)?.label}</span>
      )}
      {(mayChange || isUser) && (
        <IconButton
          label={isUser ? "Leave the project" : `Remove ${member.name}`}
          tooltip="above"
          icon={<UserMinus size={16} aria-hidden />}
          onClick={onRemove}
        />
      )}
    </li>
  );
}

interface RoleProps {
  role: Role;
  label: string;
  mayMakeOwners: boolean;
  onChange: (role: Role) => void;
}

function RoleSelect({ role, label, mayMakeOwners, onChange }: RoleProps) {
  return (
    <select className="ff-input role-select" aria-label={label} value={role} onChange={(event) => onChange(event.target.value as Role)}>
      {ROLES.filter(({ id }) => mayMakeOwners || id !== "owner").map(({ id, label: text, hint }) => (
        <option key={id} value={id} title={hint}>
          {text}
        </option>
      ))}
    </select>
  );
}

function AddMember({ project, api, onAdded }: { project: Place; api: Api; onAdded: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const wanted = name.trim().toLowerCase();
    setError(wanted ? null : "Give the name that they sign in with.");
    if (!wanted) return;
    setBusy(true);
    try {
      await api.putMember(project, wanted, role);
      setName("");
      onAdded();
    } catch (thrown) {
      setError(asProblem(thrown).detail);
    }
    setBusy(false);
  };
  return (
    <form className="add-member" onSubmit={(event) => void submit(event)}>
      <Field label="Add someone" error={error} hint={`${labelOf(role)} ${ROLES.find(({ id }) => id === role)?.hint ?? ""}.`}>
        {(given) => (
          <div className="add-member-line">
            <input
              {...given}
              className="ff-input"
              placeholder="Name"
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <RoleSelect role={role} label="Role" mayMakeOwners={project.role === "owner"} onChange={setRole} />
            <Button type="submit" busy={busy}>
              Add
            </Button>
          </div>
        )}
      </Field>
    </form>
  );
}

function labelOf(role: Role): string {
  return `${role === "owner" || role === "editor" ? "An" : "A"} ${role}`;
}
