export interface Dropped {
  path: string;
  body: Blob;
}

/** Files and folders from outside, with their paths below the folder that they were dropped on. */
export async function droppedFiles(data: DataTransfer): Promise<Dropped[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found = await Promise.all(entries.map((entry) => walk(entry)));
  return found.flat();
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
