import type { QueryRunner } from 'typeorm';

import { type ColumnName, columnOf, type Entity, tableOf } from './columns.js';
import { json, JsonText, storable } from './storable.js';

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
 * Writes new rows by COPY, several times as fast as `INSERT`: nothing is parsed or planned for each
 * row. The columns and their types are those of the entity.
 * @throws as the connection, where a row exists
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
export async function copyRows<Row extends object>(
  runner: QueryRunner,
  entity: Entity<Row>,
  names: readonly ColumnName<Row>[],
  rows: readonly object[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = names.map((name) => columnOf(entity, name));
  const list = columns.map(({ name }) => name).join(', ');
  const sql = `COPY ${tableOf(entity).name} (${list}) FROM STDIN`;
  const client = (await runner.connect()) as { query(query: object): void };
  await new Promise<void>((resolve, reject) => {
    const query: CopyQuery = {
      submit: (connection) => connection.query(sql),
      handleCopyInResponse(connection) {
        let block = '';
        for (const row of rows) {
          const values = columns.map(({ property, type }) => cell((row as Record<string, unknown>)[property], type));
          block += `${values.join('\t')}\n`;
          if (block.length < blockBytes) continue;
          connection.sendCopyFromChunk(Buffer.from(block));
          block = '';
        }
        if (block !== '') connection.sendCopyFromChunk(Buffer.from(block));
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

/** @see https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.2 */
function cell(value: unknown, type: string): string {
  if (value === null || value === undefined) return '\\N';
  const text = type === 'jsonb' ? documentOf(value) : String(storable(textOf(value)));
  return text.replace(/[\\\t\n\r]/g, (character) => escapes[character]!);
}

function documentOf(value: unknown): string {
  return value instanceof JsonText ? value.toString() : json(value);
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (!Array.isArray(value)) return String(value);
  return `{${value.map((each) => `"${String(each).replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
