import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Installed package of an RPM database to write. */
export interface RpmToWrite {
  name: string;
  version: string;
  release: string;
  vendor: string;
  /** Paths without leading slash. */
  files: readonly string[];
}

const types = { number: 4, text: 6, texts: 8 };
type Value = readonly [tag: number, type: number, count: number, data: Buffer];

/**
 * A database of rpm 4.16 and later, `rpmdb.sqlite`.
 * @see https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
export function rpmDatabase(packages: readonly RpmToWrite[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'rpmdb-'));
  try {
    const path = join(folder, 'rpmdb.sqlite');
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)');
    const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
    for (const each of packages) insert.run(header(each));
    database.close();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function header({ name, version, release, vendor, files }: RpmToWrite): Buffer {
  const folders = files.map((path) => `/${path.slice(0, path.lastIndexOf('/') + 1)}`);
  const unique = [...new Set(folders)];
  const values: Value[] = [
    texts(1000, types.text, [name]),
    texts(1001, types.text, [version]),
    texts(1002, types.text, [release]),
    texts(1011, types.text, [vendor]),
    texts(1022, types.text, ['x86_64']),
    texts(1044, types.text, [`${name}-${version}-${release}.src.rpm`]),
    numbers(
      1116,
      folders.map((folder) => unique.indexOf(folder)),
    ),
    texts(
      1117,
      types.texts,
      files.map((path) => path.slice(path.lastIndexOf('/') + 1)),
    ),
    texts(1118, types.texts, unique),
  ];
  // Numbers first, so that they are aligned.
  const ordered = values.toSorted(([, a], [, b]) => a - b);
  let offset = 0;
  const entries = ordered.map(([tag, type, count, data]) => {
    const entry = words(tag, type, offset, count);
    offset += data.length;
    return entry;
  });
  return Buffer.concat([words(values.length, offset), ...entries, ...ordered.map(([, , , data]) => data)]);
}

function texts(tag: number, type: number, values: readonly string[]): Value {
  return [tag, type, values.length, Buffer.from(values.map((value) => `${value}\0`).join(''))];
}

function numbers(tag: number, values: readonly number[]): Value {
  return [tag, types.number, values.length, words(...values)];
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
