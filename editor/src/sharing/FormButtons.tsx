import { Button } from "../shared/components";

/** Of a form that opens in place. `replaces`: what is there now stops working. */
export function FormButtons({ label, busy, replaces = false, onClose }: { label: string; busy: boolean; replaces?: boolean; onClose: () => void }) {
  return (
    <div className="sh-buttons">
      <Button kind={replaces ? "danger" : "primary"} type="submit" busy={busy}>
        {label}
      </Button>
      <Button kind="quiet" onClick={onClose}>
        Cancel
      </Button>
    </div>
  );
}
