import { DatabaseSync } from 'node:sqlite';

import { guarded, openDefensively } from '../format.js';
import { differencesOf, packPositions } from './number-columns.js';
import { type TableShape, naturalColumns, naturalFrom, naturalKey, tableShapes } from './table-shapes.js';

/** Value of a column. */
export type CellValue = string | number | null;

/** Changes of one table. */
export interface TableDelta {
  table: string;
  /** New and changed rows with natural keys in place of numbers. */
  put: CellValue[][];
  /** Keys of rows that are gone. */
  gone: CellValue[][];
  /** Rows of which only numbers changed, by their positions in the order of keys before. */
  numbers: { decimals: number[]; positionBytes: number; rows: number } | null;
}

/** First line of a delta; the bytes of its numbers follow in the order of the tables. */
export interface DeltaHead {
  tables: TableDelta[];
}

/** More than this is no delta, but another database. */
const maxRows = 500_000;

/**
 * Returns the changes from one file to another, or null where there are so many that a new image
 * costs less.
 */
export function deltaBetween(before: string, after: string): Buffer | null {
  return guarded(after, () => {
    // Verifies the definitions of both.
    for (const path of [before, after]) openDefensively(path, { readOnly: true }).close();
    const db = new DatabaseSync('');
    try {
      db.prepare('ATTACH ? AS before').run(before);
      db.prepare('ATTACH ? AS after').run(after);
      db.exec('PRAGMA trusted_schema = OFF; PRAGMA temp_store = FILE');
      return write(db);
    } finally {
      db.close();
    }
  });
}

function write(db: DatabaseSync): Buffer | null {
  const shapes = tableShapes(db, 'after');
  for (const shape of shapes.filter(({ isNumbered }) => isNumbered)) mapNumbers(db, shape);
  const tables: TableDelta[] = [];
  const blocks: Buffer[] = [];
  let rows = 0;
  for (const shape of shapes) {
    const { changed, numbers, bytes } = isOfNumbers(shape) ? numberChanges(db, shape) : noNumbers;
    const put = select(db, newRows(shape)).filter((row) => !changed.has(String(row[0])));
    const gone = select(db, goneKeys(shape));
    rows += put.length + gone.length;
    if (rows > maxRows) return null;
    if (put.length === 0 && gone.length === 0 && numbers === null) continue;
    tables.push({ table: shape.name, put, gone, numbers });
    blocks.push(...bytes);
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify({ tables } satisfies DeltaHead)}\n`), ...blocks]);
}

/** Numbers of the same row in both files. */
function mapNumbers(db: DatabaseSync, { name, key }: TableShape): void {
  db.exec(
    `CREATE TEMP TABLE both_${name} (after_id INTEGER PRIMARY KEY, before_id INTEGER NOT NULL UNIQUE);
     INSERT INTO both_${name} SELECT new.id, old.id FROM after.${name} AS new JOIN before.${name} AS old USING (${key.join(', ')})`,
  );
}

/** Rows that the file before lacks, or has with other values. */
function newRows(shape: TableShape): string {
  const { name, columns } = shape;
  const known = columns.map((column) =>
    column.refersTo
      ? `old.${column.name} = (SELECT before_id FROM temp.both_${column.refersTo.name} WHERE after_id = new.${column.name})`
      : `old.${column.name} IS new.${column.name}`,
  );
  return `SELECT ${naturalColumns(shape, 'new').join(', ')} FROM ${naturalFrom(shape, 'after', 'new')}
    WHERE NOT EXISTS (SELECT 1 FROM before.${name} AS old WHERE ${sorted(shape, known).join(' AND ')})
    ORDER BY ${naturalKey(shape, 'new').join(', ')}`;
}

/** Conditions of the key first, by which SQLite finds the row. */
function sorted({ columns, key }: TableShape, conditions: readonly string[]): string[] {
  const isOfKey = (index: number) => key.includes(columns[index]!.name);
  return [
    ...conditions
      .filter((_, index) => isOfKey(index))
      // A key has no null, and SQLite searches indexes for `=`.
      .map((condition) => condition.replace(' IS ', ' = ')),
    ...conditions.filter((_, index) => !isOfKey(index)),
  ];
}

function goneKeys(shape: TableShape): string {
  const { name, columns, key } = shape;
  const known = key.map((part) => {
    const { refersTo } = columns.find((column) => column.name === part)!;
    return refersTo
      ? `new.${part} = (SELECT after_id FROM temp.both_${refersTo.name} WHERE before_id = old.${part})`
      : `new.${part} = old.${part}`;
  });
  return `SELECT ${naturalKey(shape, 'old').join(', ')} FROM ${naturalFrom(shape, 'before', 'old')}
    WHERE NOT EXISTS (SELECT 1 FROM after.${name} AS new WHERE ${known.join(' AND ')})
    ORDER BY ${naturalKey(shape, 'old').join(', ')}`;
}

function select(db: DatabaseSync, sql: string): CellValue[][] {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  const rows: CellValue[][] = [];
  for (const row of statement.iterate()) {
    rows.push(row as unknown as CellValue[]);
    if (rows.length > maxRows) break;
  }
  return rows;
}

/** Whether rows are a key and numbers. */
function isOfNumbers({ columns, key, isNumbered }: TableShape): boolean {
  const others = columns.filter(({ name }) => !key.includes(name));
  return !isNumbered && key.length === 1 && others.length > 0 && others.every(({ isNumeric }) => isNumeric);
}

interface NumberChanges {
  /** Keys of rows that need not be put. */
  changed: ReadonlySet<string>;
  numbers: TableDelta['numbers'];
  bytes: Buffer[];
}

const noNumbers: NumberChanges = { changed: new Set(), numbers: null, bytes: [] };

function numberChanges(db: DatabaseSync, { name, columns, key }: TableShape): NumberChanges {
  const numeric = columns.map((column) => column.name).filter((column) => !key.includes(column));
  const order = key.join(', ');
  const statement = db.prepare(
    `SELECT old.position, old.${order}, ${numeric.map((column) => `old.${column}`).join(', ')}, ${numeric.map((column) => `new.${column}`).join(', ')}
     FROM (SELECT row_number() OVER (ORDER BY ${order}) - 1 AS position, * FROM before.${name}) AS old JOIN after.${name} AS new USING (${order})
     WHERE ${numeric.map((column) => `old.${column} IS NOT new.${column}`).join(' OR ')} ORDER BY old.position`,
  );
  statement.setReturnArrays(true);
  const positions: number[] = [];
  const changed = new Set<string>();
  const values: number[][] = numeric.flatMap(() => [[], []]);
  for (const row of statement.iterate() as Iterable<unknown> as Iterable<CellValue[]>) {
    const [position, keyOfRow, ...numbers] = row;
    if (numbers.some((value) => typeof value !== 'number')) return noNumbers;
    positions.push(Number(position));
    changed.add(String(keyOfRow));
    for (const [index, value] of numbers.entries()) values[index]!.push(Number(value));
  }
  if (positions.length === 0) return noNumbers;
  const differences = numeric.map((_, index) => differencesOf(values[index]!, values[numeric.length + index]!));
  if (differences.includes(undefined)) return noNumbers;
  const packed = packPositions(positions);
  return {
    changed,
    numbers: {
      decimals: differences.map((each) => each!.decimals),
      positionBytes: packed.length,
      rows: positions.length,
    },
    bytes: [packed, ...differences.map((each) => each!.planes)],
  };
}
