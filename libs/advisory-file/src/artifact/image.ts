import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import type { AdvisoryFeed } from '@tidewaiter/advisories';

import { AdvisoryFile } from '../advisory-file.js';
import { definitionsOf, guarded, openDefensively } from '../format.js';
import { type TableShape, naturalColumns, naturalFrom, naturalKey, tableShapes } from './table-shapes.js';

const cacheKib = 64 * 1024;

/** Facts about a file that its readers know before they have it. */
export interface FileContent {
  /** SHA-256 over all rows with natural keys, in order: equal for files of equal content. */
  content: string;
  /** Number of rows by table. */
  rows: Record<string, number>;
  feeds: AdvisoryFeed[];
  /** Time of the newest check of a feed, ISO 8601, whenever the image is written. */
  createdAt: string;
}

/**
 * Writes the content of a file into a new one whose bytes depend on nothing but the content: rows
 * are in the order of their keys, and numbered anew.
 */
export function writeImage(source: string, target: string): void {
  // The source is verified, its log included, before any of its rows is read.
  AdvisoryFile.open(source).close();
  rmSync(target, { force: true });
  guarded(source, () => {
    const db = new DatabaseSync(target);
    try {
      db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -${cacheKib}`);
      db.prepare('ATTACH ? AS source').run(source);
      db.exec('PRAGMA trusted_schema = OFF');
      copyAll(db);
      db.exec('DETACH source');
      // Readers and a writer share the file by SQLite's write-ahead log.
      db.exec('PRAGMA journal_mode = WAL');
    } finally {
      db.close();
    }
  });
}

function copyAll(db: DatabaseSync): void {
  const { tables, indexes, pragmas } = definitionsOf();
  db.exec('BEGIN');
  for (const sql of tables) db.exec(sql);
  for (const shape of tableShapes(db)) copyTable(db, shape);
  // Built at once over complete tables, which is faster and denser than row by row.
  for (const sql of indexes) db.exec(sql);
  db.exec('COMMIT');
  for (const sql of pragmas) db.exec(sql);
}

function copyTable(db: DatabaseSync, { name, columns, key, isNumbered }: TableShape): void {
  const names = columns.map((column) => column.name);
  if (isNumbered) {
    db.exec(
      `INSERT INTO main.${name} (id, ${names.join(', ')})
       SELECT row_number() OVER (ORDER BY ${key.join(', ')}), ${names.join(', ')} FROM source.${name} ORDER BY ${key.join(', ')}`,
    );
    db.exec(
      `CREATE TEMP TABLE number_of_${name} (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
       INSERT INTO number_of_${name} SELECT old.id, new.id FROM source.${name} AS old JOIN main.${name} AS new USING (${key.join(', ')}) ORDER BY 1`,
    );
    return;
  }
  const values = columns.map((column) => (column.refersTo ? `of_${column.name}.new` : `row.${column.name}`));
  const joins = columns.flatMap((column) =>
    column.refersTo
      ? [
          `JOIN temp.number_of_${column.refersTo.name} AS of_${column.name} ON of_${column.name}.old = row.${column.name}`,
        ]
      : [],
  );
  const order = key.map((part) => values[names.indexOf(part)]);
  db.exec(
    `INSERT INTO main.${name} (${names.join(', ')}) SELECT ${values.join(', ')}
     FROM source.${name} AS row ${joins.join(' ')} ORDER BY ${order.join(', ')}`,
  );
}

/** Reads all of a file. @throws InvalidInput `ADVISORIES_DAMAGED` */
export function imageFacts(path: string): FileContent {
  using file = AdvisoryFile.open(path);
  const feeds = file.feeds();
  return guarded(path, () => {
    const db = openDefensively(path, { readOnly: true });
    try {
      return {
        ...contentOf(db),
        feeds,
        createdAt:
          feeds
            .map(({ checkedAt }) => checkedAt)
            .toSorted()
            .at(-1) ?? epoch,
      };
    } finally {
      db.close();
    }
  });
}

const epoch = new Date(0).toISOString();

function contentOf(db: DatabaseSync): Pick<FileContent, 'content' | 'rows'> {
  const hash = createHash('sha256');
  const rows: Record<string, number> = {};
  for (const shape of tableShapes(db)) {
    hash.update(`${shape.name}\n`);
    const select = `SELECT ${naturalColumns(shape, 'each').join(', ')} FROM ${naturalFrom(shape, 'main', 'each')}`;
    const statement = db.prepare(`${select} ORDER BY ${naturalKey(shape, 'each').join(', ')}`);
    statement.setReturnArrays(true);
    let count = 0;
    let lines = '';
    for (const row of statement.iterate()) {
      count += 1;
      lines += `${JSON.stringify(row)}\n`;
      if (lines.length < 65_536) continue;
      hash.update(lines);
      lines = '';
    }
    hash.update(lines);
    rows[shape.name] = count;
  }
  return { content: hash.digest('hex'), rows };
}
