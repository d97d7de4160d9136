import { Check, Copy } from "lucide-react";
import { Button } from "./Button";
import { useCopied } from "./copying";
import { IconButton } from "./IconButton";

interface Props {
  text: string;
  label?: string;
  kind?: "primary" | "plain" | "quiet";
}

export function CopyButton({ text, label = "Copy", kind = "plain" }: Props) {
  const [copied, copy] = useCopied();
  const Icon = copied ? Check : Copy;
  return (
    <Button kind={kind} icon={<Icon size={16} aria-hidden />} onClick={() => copy(text)}>
      <span aria-live="polite">{copied ? "Copied" : label}</span>
    </Button>
  );
}

/** The same where there is room for an icon only, beside what it copies. */
export function CopyIcon({ text, label }: { text: string; label: string }) {
  const [copied, copy] = useCopied();
  const Icon = copied ? Check : Copy;
  return <IconButton label={copied ? "Copied" : label} className="ff-copy" icon={<Icon size={14} aria-hidden />} onClick={() => copy(text)} />;
}
