import { Globe, Lock } from "lucide-react";
import { useAccess } from "./useSharing";
import { type Everybody as Choice, everybodyOf } from "./words";

const CHOICES: readonly { id: Choice; label: string; told: string }[] = [
  { id: "nobody", label: "Cannot see it", told: "Only members and whoever is let in below. Others do not learn that it exists." },
  { id: "preview", label: "Sees the preview", told: "Whoever has the address, without signing in. The files stay with the members." },
  { id: "all", label: "Sees preview and files", told: "Without signing in: the preview, the files and their history." },
];

/** Owners choose; maintainers may only close what is open. */
export function Everybody() {
  const { sharing, access } = useAccess();
  const chosen = everybodyOf(access);
  const { widen } = access.may;
  const offered = CHOICES.filter(({ id }) => widen || id === chosen || (id === "nobody" && chosen === "preview"));
  const Icon = chosen === "nobody" ? Lock : Globe;
  return (
    <section className="sh-door sh-everybody">
      <div className="sh-door-head">
        <Icon size={16} aria-hidden />
        <div className="sh-door-words">
          <h3>
            <label htmlFor="sh-everybody">Everybody</label>
          </h3>
          <p className="sh-hint" id="sh-everybody-told">
            {CHOICES.find(({ id }) => id === chosen)?.told}
          </p>
        </div>
        <select
          id="sh-everybody"
          className="ff-input"
          aria-describedby="sh-everybody-told"
          value={chosen}
          disabled={offered.length < 2}
          onChange={(event) => void sharing.setEverybody(event.target.value as Choice)}
        >
          {offered.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </div>
    </section>
  );
}
