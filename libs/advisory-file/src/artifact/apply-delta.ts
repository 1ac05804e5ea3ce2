import type { DatabaseSync } from 'node:sqlite';

import { InvalidInput } from '@tidewaiter/domain';
import { z } from 'zod';

import type { DeltaHead, TableDelta, CellValue } from './delta.js';
import { unpackPositions, withDifferences } from './number-columns.js';
import { type Column, type TableShape, tableShapes } from './table-shapes.js';

const values = z.array(z.array(z.union([z.string(), z.number(), z.null()])));
const head = z.strictObject({
  tables: z.array(
    z.strictObject({
      table: z.string(),
      put: values,
      gone: values,
      numbers: z
        .strictObject({
          decimals: z.array(z.int()),
          positionBytes: z.int().nonnegative(),
          rows: z.int().nonnegative(),
        })
        .nullable(),
    }),
  ),
});

/**
 * Applies changes within the transaction of the caller. The delta holds values only: tables and
 * columns are those of this file.
 * @throws InvalidInput `ARTIFACT_DELTA` when it cannot be a change of this file
 */
export function applyDelta(db: DatabaseSync, delta: Buffer): void {
  const end = delta.indexOf(10);
  const { tables } = readHead(delta.subarray(0, Math.max(0, end)));
  const shapes = tableShapes(db);
  const changes = tables.map((each) => {
    const shape = shapes.find(({ name }) => name === each.table);
    if (!shape) throw wrong('a table that this version does not know');
    return { shape, ...each };
  });
  let at = end + 1;
  for (const { shape, numbers } of changes) if (numbers) at = applyNumbers(db, shape, numbers, delta, at);
  if (at !== delta.length) throw wrong('bytes that belong to no table');
  // Rows to which others refer come first and go last.
  const [numbered, others] = [true, false].map((is) => changes.filter(({ shape }) => shape.isNumbered === is));
  for (const { shape, put } of numbered!) putRows(db, shape, put);
  for (const { shape, put, gone } of others!) {
    removeRows(db, shape, gone);
    putRows(db, shape, put);
  }
  for (const { shape, gone } of numbered!) removeRows(db, shape, gone);
}

function readHead(bytes: Buffer): DeltaHead {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString());
  } catch {
    throw wrong('no header');
  }
  const { data } = head.safeParse(json);
  if (!data) throw wrong('a header of another form');
  return data;
}

function putRows(db: DatabaseSync, { name, columns, key, isNumbered }: TableShape, rows: readonly CellValue[][]): void {
  if (rows.length === 0) return;
  const names = columns.map((column) => column.name);
  const others = names.filter((column) => !key.includes(column));
  const set = others.map((column) => `${column} = excluded.${column}`).join(', ');
  const [expressions, width] = placeholders(columns);
  const statement = db.prepare(
    `INSERT INTO ${name} (${names.join(', ')}) VALUES (${expressions.join(', ')})
     ON CONFLICT (${key.join(', ')}) DO ${others.length === 0 ? 'NOTHING' : `UPDATE SET ${set}`}`,
  );
  for (const row of rows) {
    if (row.length !== width) throw wrong(`rows of ${name} with other columns`);
    const { changes } = statement.run(...row);
    if (changes === 0 && !isNumbered && others.length > 0) throw wrong(`rows of ${name} that cannot be written`);
  }
}

function removeRows(db: DatabaseSync, { name, columns, key }: TableShape, keys: readonly CellValue[][]): void {
  if (keys.length === 0) return;
  const parts = key.map((part) => columns.find((column) => column.name === part)!);
  const [expressions, width] = placeholders(parts);
  const conditions = parts.map((part, index) => `${part.name} = ${expressions[index]}`);
  const statement = db.prepare(`DELETE FROM ${name} WHERE ${conditions.join(' AND ')}`);
  for (const each of keys) {
    if (each.length !== width) throw wrong(`keys of ${name} with other columns`);
    if (statement.run(...each).changes !== 1) throw wrong(`rows of ${name} that are not there`);
  }
}

/** Expressions for values with natural keys, and how many values they take. */
function placeholders(columns: readonly Column[]): [string[], number] {
  let count = 0;
  const next = () => `?${(count += 1)}`;
  const expressions = columns.map(({ refersTo }) => {
    if (!refersTo) return next();
    return `(SELECT id FROM ${refersTo.name} WHERE ${refersTo.key.map((part) => `${part} = ${next()}`).join(' AND ')})`;
  });
  return [expressions, count];
}

function applyNumbers(
  db: DatabaseSync,
  { name, columns, key }: TableShape,
  { decimals, positionBytes, rows }: NonNullable<TableDelta['numbers']>,
  delta: Buffer,
  start: number,
): number {
  const numeric = columns.map((column) => column.name).filter((column) => !key.includes(column));
  const [keyColumn] = key;
  if (numeric.length !== decimals.length || key.length !== 1) throw wrong(`numbers of ${name} in other columns`);
  const positions = unpackPositions(delta.subarray(start, start + positionBytes));
  if (positions.length !== rows) throw wrong(`numbers of ${name} for other rows`);
  const { keys, before } = rowsAt(
    db,
    `SELECT ${[keyColumn, ...numeric].join(', ')} FROM ${name} ORDER BY ${keyColumn}`,
    positions,
  );
  if (keys.length !== rows) throw wrong(`numbers of ${name} for rows that are not there`);
  let at = start + positionBytes;
  const after = numeric.map((_, index) => {
    const planes = delta.subarray(at, (at += rows * 4));
    return withDifferencesOf(before[index] ?? [], { decimals: decimals[index]!, planes });
  });
  const statement = db.prepare(
    `UPDATE ${name} SET ${numeric.map((column) => `${column} = ?`).join(', ')} WHERE ${keyColumn} = ?`,
  );
  for (const [index, each] of keys.entries()) statement.run(...after.map((column) => column[index]!), each);
  return at;
}

function withDifferencesOf(...[before, column]: Parameters<typeof withDifferences>): number[] {
  try {
    return withDifferences(before, column);
  } catch (cause) {
    if (cause instanceof RangeError) throw wrong('numbers of other rows', cause);
    throw cause;
  }
}

/** Keys and numbers of the rows at some positions of a result. */
function rowsAt(
  db: DatabaseSync,
  sql: string,
  positions: readonly number[],
): { keys: CellValue[]; before: number[][] } {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  const keys: CellValue[] = [];
  const before: number[][] = [];
  let position = 0;
  for (const row of statement.iterate() as Iterable<unknown> as Iterable<CellValue[]>) {
    if (position === positions[keys.length]) {
      const [key, ...numbers] = row;
      for (const [index, value] of numbers.entries()) (before[index] ??= []).push(Number(value));
      keys.push(key!);
    }
    position += 1;
  }
  return { keys, before };
}

function wrong(reason: string, cause?: unknown): InvalidInput {
  return new InvalidInput('ARTIFACT_DELTA', `the changes of the artifact do not fit this database: ${reason}`, {
    cause,
  });
}
