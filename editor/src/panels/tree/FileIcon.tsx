import { Braces, CodeXml, File, FileText, Hash, Image, Lock, Settings2, SquareTerminal } from "lucide-react";

const icons: readonly [RegExp, typeof File, string][] = [
  [/\.(jsx?|tsx?|mjs|cjs|vue|svelte)$/i, Braces, "script"],
  [/\.py$/i, Braces, "python"],
  [/\.(html?|xml|svg)$/i, CodeXml, "markup"],
  [/\.(css|scss|sass|less)$/i, Hash, "style"],
  [/\.(md|txt|rst)$/i, FileText, "text"],
  [/\.(png|jpe?g|gif|webp|avif|ico)$/i, Image, "image"],
  [/\.(sh|bash|zsh)$/i, SquareTerminal, "shell"],
  [/(-lock\.json|\.lock|^LICENSE)$/i, Lock, "plain"],
  [/\.(json|ya?ml|toml|ini|cfg|conf)$|^\./i, Settings2, "plain"],
];

export function FileIcon({ name }: { name: string }) {
  const found = icons.find(([pattern]) => pattern.test(name));
  const Icon = found?.[1] ?? File;
  return <Icon size={16} aria-hidden className={`wb-icon wb-icon-${found?.[2] ?? "plain"}`} />;
}
