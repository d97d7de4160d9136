import { Button, Dialog } from "../../shared/components";

const KEYS: readonly [string, string][] = [
  ["/", "Find in the log"],
  ["n", "Next find"],
  ["N", "Find before"],
  ["l", "Link to the line that was found"],
  ["f", "Follow the newest line, or let go of it"],
  ["g", "To the beginning of the log"],
  ["G", "To its end"],
  ["e", "To what failed"],
  ["c", "Fold or unfold all steps"],
  ["t", "Show or hide the times of lines"],
  ["d", "Details, and back to the log"],
  ["s", "What the site prints, and back"],
  ["o", "Open the site"],
];

export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" width="small" onClose={onClose} footer={<Button onClick={onClose}>Close</Button>}>
      <dl className="keys">
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
