import type { QueryRunner } from 'typeorm';

import { type ColumnName, columnOf, type Entity, tableOf } from './columns.js';
import { json, JsonText, storableText } from './storable.js';

/** Bytes that are handed to the connection at once. */
const blockBytes = 256 * 1024;

/** The parts of a client of `pg` that COPY needs: it has no such query of its own. */
interface CopyConnection {
  query(sql: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

interface CopyQuery {
  submit(connection: CopyConnection): void;
  handleCopyInResponse(connection: CopyConnection): void;
  handleCommandComplete(): void;
  /** Also called where the connection ends, after which no other handler is. */
  handleError(error: Error): void;
  handleReadyForQuery(): void;
  /** The client sets it to end its timer, which otherwise keeps the rows until the time limit. */
  callback?: () => void;
}

/**
 * Encodes rows for {@link copyLines}, one line each. The columns and their types are those of the
 * entity.
 */
export function lineEncoder<Row extends object>(
  entity: Entity<Row>,
  names: readonly ColumnName<Row>[],
): (row: object) => string {
  const columns = names.map((name) => columnOf(entity, name));
  return (row) => {
    let line = '';
    let separator = '';
    for (const { property, type } of columns) {
      line += `${separator}${cell((row as Record<string, unknown>)[property], type)}`;
      separator = '\t';
    }
    return `${line}\n`;
  };
}

/**
 * Writes new rows by COPY, several times as fast as `INSERT`: nothing is parsed or planned for each
 * row.
 * @param lines of {@link lineEncoder}, with the same columns
 * @throws as the connection, where a row exists
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
export async function copyLines<Row extends object>(
  runner: QueryRunner,
  entity: Entity<Row>,
  names: readonly ColumnName<Row>[],
  lines: Iterable<string> | Iterable<Buffer>,
): Promise<void> {
  const list = names.map((name) => columnOf(entity, name).name).join(', ');
  const sql = `COPY ${tableOf(entity).name} (${list}) FROM STDIN`;
  const client = (await runner.connect()) as { query(query: object): void };
  await new Promise<void>((resolve, reject) => {
    const query: CopyQuery = {
      submit: (connection) => connection.query(sql),
      handleCopyInResponse(connection) {
        for (const block of blocksOf(lines)) connection.sendCopyFromChunk(block);
        connection.endCopyFrom();
      },
      handleCommandComplete: () => undefined,
      handleError(error) {
        query.callback?.();
        reject(error);
      },
      handleReadyForQuery() {
        query.callback?.();
        resolve();
      },
    };
    client.query(query);
  });
}

/** Joins lines: single ones as text, or any number of rows in bytes. */
function* blocksOf(lines: Iterable<string> | Iterable<Buffer>): Generator<Buffer> {
  let text = '';
  let pieces: Buffer[] = [];
  let bytes = 0;
  for (const line of lines) {
    if (typeof line === 'string') text += line;
    else pieces.push(line);
    bytes += line.length;
    if (bytes < blockBytes) continue;
    yield Buffer.concat([...pieces, Buffer.from(text)]);
    [text, pieces, bytes] = ['', [], 0];
  }
  if (bytes > 0) yield Buffer.concat([...pieces, Buffer.from(text)]);
}

/** @see https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.2 */
function cell(value: unknown, type: string): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'number') return String(value);
  const text = type === 'jsonb' ? documentOf(value) : storableText(textOf(value));
  return special.test(text) ? text.replaceAll(specials, (character) => escapes[character]!) : text;
}

function documentOf(value: unknown): string {
  return value instanceof JsonText ? value.toString() : json(value);
}

const special = /[\\\t\n\r]/;
const specials = /[\\\t\n\r]/g;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (!Array.isArray(value)) return String(value);
  return `{${value.map((each) => `"${String(each).replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
