import { Check } from "lucide-react";
import { Dialog, EmptyState } from "../shared/components";
import { useDesk } from "./desk";
import { Requests } from "./Requests";
import "./sharing.css";

/** Whoever asks for access to any project, with the answers. */
export default function RequestsDialog({ onClose }: { onClose: () => void }) {
  const count = useDesk(({ waiting, codes }) => waiting.length + Object.keys(codes).length);
  return (
    <Dialog title="Who asks for access" width="sheet" onClose={onClose}>
      {count > 0 ? <Requests /> : <EmptyState icon={<Check size={20} aria-hidden />} title="Everybody is answered" />}
    </Dialog>
  );
}
