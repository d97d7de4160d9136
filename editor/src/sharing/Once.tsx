import { QrCode } from "lucide-react";
import { Suspense, useEffect, useRef, useState } from "react";
import { Button, CopyButton } from "../shared/components";
import { lazily } from "../shared/lazily";

const Qr = lazily(() => import("./Qr"));

interface Props {
  title: string;
  text: string;
  hint: string;
  /** Large, for reading it out. */
  large?: boolean;
  /** As a picture for a phone's camera, too. */
  scannable?: boolean;
  onDone: () => void;
}

/** What is shown this once: it takes the focus, so that it is not overlooked or closed by habit. */
export function Once({ title, text, hint, large = false, scannable = false, onDone }: Props) {
  const [scanning, setScanning] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.focus();
    box.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <div ref={box} className="sh-once" role="group" aria-label={title} tabIndex={-1}>
      <p className="sh-once-title">{title}</p>
      <code className={large ? "sh-code" : "sh-url"}>{text}</code>
      <p className="sh-hint">{hint}</p>
      <div className="sh-buttons">
        <CopyButton text={text} kind="primary" />
        {scannable && (
          <Button icon={<QrCode size={16} aria-hidden />} aria-pressed={scanning} onClick={() => setScanning(!scanning)}>
            QR code
          </Button>
        )}
        <Button kind="quiet" onClick={onDone}>
          Done
        </Button>
      </div>
      {scanning && (
        <Suspense>
          <Qr text={text} />
        </Suspense>
      )}
    </div>
  );
}
