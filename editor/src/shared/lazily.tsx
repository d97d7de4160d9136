/** Parts of a page that are fetched when they are first shown; one that does not come never takes the page with it. */
import { type ComponentType, lazy, type LazyExoticComponent } from "react";
import { reach } from "./api/reach";
import { Button, EmptyState } from "./components";

interface Part<Props> {
  default: ComponentType<Props>;
}

/** As React's `lazy`; where the server is away the part comes when that is back, and is waited for till then. */
export function lazily<Props>(load: () => Promise<Part<Props>>): LazyExoticComponent<ComponentType<Props>> {
  return lazy<ComponentType<Props>>(() => load().catch(() => again(load)));
}

async function again<Props>(load: () => Promise<Part<Props>>): Promise<Part<Props>> {
  await reach.answering();
  askForStyles();
  return load().catch(() => ({ default: NotThere }));
}

/** What brings a part asks for each of its styles but once. */
function askForStyles(): void {
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')) if (!link.sheet) link.replaceWith(link.cloneNode());
}

/** Most likely Firefly is another version by now, and what this page was made of is gone. */
function NotThere() {
  return (
    <EmptyState title="This part did not come" action={<Button onClick={() => location.reload()}>Load the page again</Button>}>
      Firefly may have been upgraded meanwhile.
    </EmptyState>
  );
}
