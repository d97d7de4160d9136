/** Text that is not saved yet, kept in the browser until the bridge has it. */

export interface Draft {
  path: string;
  text: string;
  /** The version that the text began from; null: the file does not exist yet. */
  version: string | null;
  /** Its author has asked to save it. */
  wanted: boolean;
  at: number;
}

export interface Drafts {
  all(): Promise<Draft[]>;
  put(draft: Draft): Promise<void>;
  remove(path: string): Promise<void>;
  /** The page goes away: keep `drafts` at once. */
  rescue(drafts: readonly Draft[]): void;
}

/** Keeps drafts for as long as the page lives; for tests, and where the browser offers nothing better. */
export class MemoryDrafts implements Drafts {
  readonly kept = new Map<string, Draft>();
  all(): Promise<Draft[]> {
    return Promise.resolve([...this.kept.values()]);
  }
  put(draft: Draft): Promise<void> {
    this.kept.set(draft.path, draft);
    return Promise.resolve();
  }
  remove(path: string): Promise<void> {
    this.kept.delete(path);
    return Promise.resolve();
  }
  rescue(drafts: readonly Draft[]): void {
    for (const draft of drafts) this.kept.set(draft.path, draft);
  }
}

const STORE = "drafts";
const RESCUED = "firefly.rescued.";

/** IndexedDB for what is typed; `localStorage`, which is written at once, for the moment in which the page goes. */
export class BrowserDrafts implements Drafts {
  private readonly database: Promise<IDBDatabase>;
  private readonly rescueKey: string;

  constructor(private readonly project: string) {
    this.rescueKey = RESCUED + project;
    this.database = open();
    this.database.catch(() => undefined);
  }

  async all(): Promise<Draft[]> {
    const range = IDBKeyRange.bound([this.project], [this.project, []]);
    const rows = await this.run<Draft[]>("readonly", (store) => store.getAll(range) as IDBRequest<Draft[]>, []);
    const newest = new Map(rows.map((row) => [row.path, row]));
    for (const draft of this.rescued()) {
      const known = newest.get(draft.path);
      if (!known || known.at <= draft.at) newest.set(draft.path, draft);
    }
    return [...newest.values()];
  }

  async put(draft: Draft): Promise<void> {
    const row = { ...draft, project: this.project };
    await this.run<IDBValidKey>("readwrite", (store) => store.put(row), "");
    this.unrescue(draft.path);
  }

  async remove(path: string): Promise<void> {
    await this.run<undefined>("readwrite", (store) => store.delete([this.project, path]), undefined);
    this.unrescue(path);
  }

  rescue(drafts: readonly Draft[]): void {
    try {
      if (drafts.length > 0) localStorage.setItem(this.rescueKey, JSON.stringify(drafts));
    } catch {
      // Storage is full or forbidden: what IndexedDB has, at most 300 ms old, is what remains.
      return;
    }
  }

  private rescued(): Draft[] {
    try {
      return JSON.parse(localStorage.getItem(this.rescueKey) ?? "[]") as Draft[];
    } catch {
      return [];
    }
  }

  private unrescue(path: string): void {
    const left = this.rescued().filter((draft) => draft.path !== path);
    if (left.length > 0) this.rescue(left);
    else localStorage.removeItem(this.rescueKey);
  }

  private async run<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>, otherwise: T): Promise<T> {
    try {
      const database = await this.database;
      return await settled(act(database.transaction(STORE, mode).objectStore(STORE)));
    } catch {
      return otherwise;
    }
  }
}

/** How many texts of all projects this browser keeps. */
export async function countDrafts(): Promise<number> {
  const found = new Set<string>();
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(RESCUED)) continue;
    const drafts = JSON.parse(localStorage.getItem(key) ?? "[]") as Draft[];
    for (const { path } of drafts) found.add(`${key.slice(RESCUED.length)}/${path}`);
  }
  const database = await open();
  const keys = await settled(database.transaction(STORE).objectStore(STORE).getAllKeys());
  for (const key of keys) found.add((key as string[]).join("/"));
  return found.size;
}

/** Whoever sits here next does not find what was typed. */
export async function forgetDrafts(): Promise<void> {
  for (const key of Object.keys(localStorage)) if (key.startsWith(RESCUED)) localStorage.removeItem(key);
  const database = await open();
  await settled(database.transaction(STORE, "readwrite").objectStore(STORE).clear());
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open("firefly", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { keyPath: ["project", "path"] });
  };
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The browser's storage refused."));
  });
}
