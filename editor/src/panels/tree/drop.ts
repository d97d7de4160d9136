export interface Dropped {
  path: string;
  body: Blob;
}

/** Files and folders from outside, with their paths below the folder that they were dropped on. */
export async function droppedFiles(data: DataTransfer): Promise<Dropped[]> {
  // All are asked before the first wait: a drop's data is gone after it.
  const found = await Promise.all([...data.items].filter((item) => item.kind === "file").map(taken));
  return found.flat();
}

/** What does not come from a file system, an image of another page, has no entry but is a file. */
function taken(item: DataTransferItem): Promise<Dropped[]> {
  const entry = item.webkitGetAsEntry();
  const file = item.getAsFile();
  if (entry) return walk(entry);
  return Promise.resolve(file ? [{ path: file.name, body: file }] : []);
}

async function walk(entry: FileSystemEntry): Promise<Dropped[]> {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry instanceof FileSystemFileEntry) {
    const body = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path, body }];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const children = await readAll(entry.createReader());
  return (await Promise.all(children.map((child) => walk(child)))).flat();
}

/** A reader gives a hundred entries at a time, and none when it is done. */
async function readAll(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
