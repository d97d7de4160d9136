import { generate } from "lean-qr/nano";
import { useEffect, useRef } from "react";

const MARGIN = 4;

/** A picture of a text for a camera; always dark on light, with the margin that cameras look for. */
export default function Qr({ text }: { text: string }) {
  const picture = useRef<SVGSVGElement>(null);
  useEffect(() => {
    // New browsers answer with a promise, which is no clean-up.
    picture.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const code = generate(text);
  const size = code.size + 2 * MARGIN;
  const cells = Array.from({ length: code.size ** 2 }, (_, at) => [at % code.size, Math.floor(at / code.size)] as const);
  const path = cells.filter(([x, y]) => code.get(x, y)).map(([x, y]) => `M${x + MARGIN} ${y + MARGIN}h1v1h-1z`);
  return (
    <svg ref={picture} className="sh-qr" role="img" aria-label="QR code of the address" viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}h-${size}z`} />
      <path fill="#000" d={path.join("")} />
    </svg>
  );
}
