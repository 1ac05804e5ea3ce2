import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import * as fc from 'fast-check';

import { isSqlite, textsOfSqlite } from './sqlite.js';

function database(rows: readonly (readonly [string, string])[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
  const path = join(folder, 'app.db');
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, age INTEGER, name TEXT, token TEXT)');
  const insert = db.prepare('INSERT INTO users (age, name, token) VALUES (?, ?, ?)');
  for (const [name, token] of rows) insert.run(4_000, name, token);
  db.close();
  const content = readFileSync(path);
  rmSync(folder, { recursive: true });
  return content;
}

describe('textsOfSqlite', () => {
  it('separates the columns of rows', () => {
    const content = database([
      ['alice', 'first'],
      ['bob', 'x'.repeat(200)],
    ]);
    expect(isSqlite(content)).toBe(true);
    const lines = textsOfSqlite(content).toString().split('\n');
    expect(lines).toEqual(expect.arrayContaining(['alice', 'first', 'bob', 'x'.repeat(200)]));
  });

  it('reads any damaged database, at most as much as its size', () => {
    const content = database([['alice', 'first']]);
    fc.assert(
      fc.property(fc.nat(content.length - 1), fc.uint8Array({ minLength: 1, maxLength: 300 }), (at, bytes) => {
        const damaged = Buffer.from(content);
        damaged.set(bytes.subarray(0, content.length - at), at);
        expect(textsOfSqlite(damaged).length).toBeLessThanOrEqual(4 * content.length);
      }),
    );
  });
});
