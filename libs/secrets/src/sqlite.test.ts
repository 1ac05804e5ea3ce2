import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import * as fc from 'fast-check';

import { fake } from './rules/fake.js';
import { findSecrets } from './secret-search.js';
import { isSqlite, rowsOfSqlite } from './sqlite.js';

/** A database that these statements make; `?` stands for the values. */
function database(statements: readonly (readonly [sql: string, ...values: string[]])[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
  const path = join(folder, 'app.db');
  const db = new DatabaseSync(path);
  for (const [sql, ...values] of statements) db.prepare(sql).run(...values);
  db.close();
  const content = readFileSync(path);
  rmSync(folder, { recursive: true });
  return content;
}

const lines = (content: Buffer) =>
  Buffer.concat([...rowsOfSqlite(content)])
    .toString()
    .split('\n');
const users = 'CREATE TABLE users (id INTEGER PRIMARY KEY, age DECIMAL(3, 1), "name" TEXT, [token] TEXT)';
const insert = 'INSERT INTO users (age, name, token) VALUES (4000, ?, ?)';

describe('rowsOfSqlite', () => {
  it('makes secrets of values that only their columns or settings name', () => {
    const found = (...statements: string[]) => {
      const content = database(statements.map((sql) => [sql] as const));
      const { sightings } = findSecrets({ path: 'srv/app.db', content }, Buffer.alloc(32), 'program');
      return sightings.map(({ rule, line }) => `${rule.split('-')[0]} ${line}`);
    };
    const password = fake(16);
    const login = 'CREATE TABLE data_source (id INTEGER PRIMARY KEY, url TEXT, password TEXT)';
    expect(found(login, `INSERT INTO data_source (url, password) VALUES ('http://db', '${password}')`)).toEqual([
      'generic 1',
    ]);
    const setting = 'CREATE TABLE setting (key TEXT, value TEXT)';
    expect(found(setting, `INSERT INTO setting VALUES ('smtp_password', '${password}')`)).toEqual(['generic 1']);
    const keyed = 'CREATE TABLE account (password TEXT, login TEXT PRIMARY KEY) WITHOUT ROWID';
    expect(found(keyed, `INSERT INTO account VALUES ('${password}', 'alice')`)).toHaveLength(1);
    const digests = [createHash('sha256').update('x').digest('hex'), '$argon2id$v=19$m=65536$c2FsdA$aGFzaA'];
    for (const value of digests)
      expect(found(login, `INSERT INTO data_source (password) VALUES ('${value}')`)).toEqual([]);
  });

  it('names the texts of rows by their columns', () => {
    const content = database([[users], [insert, 'alice', 'first'], [insert, 'bob', 'x'.repeat(300)]]);
    expect(isSqlite(content)).toBe(true);
    expect(lines(content)).toEqual(
      expect.arrayContaining(['name="alice"', 'token="first"', 'name="bob"', 'x'.repeat(300)]),
    );
  });

  it('names a setting by the text beside it, and leaves digests without a name', () => {
    const content = database([
      ['CREATE TABLE setting (id INTEGER PRIMARY KEY, setting_key TEXT, setting_value TEXT)'],
      ["INSERT INTO setting (setting_key, setting_value) VALUES ('smtp.password', 'Vq8')"],
      ['CREATE TABLE login (password TEXT)'],
      ["INSERT INTO login VALUES ('$2y$10$abc')"],
    ]);
    expect(lines(content)).toEqual(expect.arrayContaining(['smtp.password="Vq8"', '$2y$10$abc']));
  });

  it('reads rows of any length, of any number of pages, and of tables without a row id', () => {
    const long = `${'a '.repeat(9_000)}last`;
    const content = database([
      [users],
      ...Array.from({ length: 2_000 }, (_, index) => [insert, `user${index}`, 'y'.repeat(40)] as const),
      [insert, 'alice', long],
      ['CREATE TABLE pairs (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID'],
      ["INSERT INTO pairs VALUES ('one', 'two')"],
    ]);
    expect(lines(content)).toEqual(expect.arrayContaining([long, 'name="user0"', 'name="user1999"', 'v="two"']));
  });

  const row = ['a', 'b', 'c'];
  it.each([
    ['a key of one column', 'name TEXT, password TEXT, id TEXT PRIMARY KEY', ['id', 'name', 'password']],
    [
      'a key of several',
      'x TEXT, y TEXT, z TEXT, CONSTRAINT k PRIMARY KEY ("Z" COLLATE NOCASE DESC, x)',
      ['z', 'x', 'y'],
    ],
    ['quoted names', '"user name" TEXT, [pass] TEXT, `key` TEXT, PRIMARY KEY ([pass])', ['pass', 'user_name', 'key']],
    ['comments', 'x TEXT, -- with, (\n y TEXT, /* , z */ z TEXT NOT NULL PRIMARY KEY', ['z', 'x', 'y']],
    ['texts', `x TEXT DEFAULT ',)', y TEXT CHECK (y != 'PRIMARY KEY'), z TEXT, PRIMARY KEY (y)`, ['y', 'x', 'z']],
  ])('names the columns of a table without row ids by %s', (_, columns, names) => {
    const content = database([
      [`CREATE TABLE t (${columns}) WITHOUT ROWID`],
      [`INSERT INTO t (${names.map((name) => `"${name.replace('_', ' ')}"`).join()}) VALUES (?, ?, ?)`, ...row],
    ]);
    expect(lines(content)).toEqual(expect.arrayContaining(names.map((name, index) => `${name}="${row[index]}"`)));
  });

  it('names no value by a virtual column, which rows do not have', () => {
    const content = database([
      ['CREATE TABLE t (a TEXT, b TEXT AS (upper(a)), c TEXT AS (lower(a)) STORED, d TEXT)'],
      ["INSERT INTO t (a, d) VALUES ('Text', 'last')"],
    ]);
    expect(lines(content)).toEqual(expect.arrayContaining(['a="Text"', 'c="text"', 'd="last"']));
  });

  it('names the columns on all pages of a table without row ids, and reads what was deleted there', () => {
    const [count, filler] = [1_500, 'z'.repeat(60)];
    const deleted = 'deleted-but-not-overwritten';
    const content = database([
      ['CREATE TABLE account (notes TEXT, password TEXT, login TEXT, PRIMARY KEY (login)) WITHOUT ROWID'],
      ...Array.from({ length: count }, (_, at) => {
        const notes = at === 7 ? 'long '.repeat(4_000) : filler;
        return ['INSERT INTO account VALUES (?, ?, ?)', notes, `pass${at}`, `user${at}`] as const;
      }),
      ['INSERT INTO account VALUES (?, ?, ?)', '', deleted, 'zz'],
      ["DELETE FROM account WHERE login = 'zz'"],
    ]);
    const found = lines(content);
    expect(found).toEqual(expect.arrayContaining(Array.from({ length: count }, (_, at) => `password="pass${at}"`)));
    expect(found).toContain('long '.repeat(4_000));
    expect(found.join('\n')).toContain(deleted);
  });

  it('reads deleted rows and texts in UTF-16', () => {
    const deleted = 'deleted-but-not-overwritten';
    expect(lines(database([[users], [insert, 'alice', deleted], ['DELETE FROM users']])).join('\n')).toContain(deleted);
    const wide = [['PRAGMA encoding = "UTF-16le"'], [users], [insert, 'alice', 'first']] as const;
    expect(lines(database(wide))).toContain('token="first"');
  });

  it('reads any damaged database, at most as much as its size', () => {
    const content = database([[users], [insert, 'alice', 'first']]);
    fc.assert(
      fc.property(fc.nat(content.length - 1), fc.uint8Array({ minLength: 1, maxLength: 300 }), (at, bytes) => {
        const damaged = Buffer.from(content);
        damaged.set(bytes.subarray(0, content.length - at), at);
        expect(Buffer.concat([...rowsOfSqlite(damaged)]).length).toBeLessThanOrEqual(8 * content.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads no more of a forged database than its size', () => {
    const content = Buffer.alloc(4 << 20);
    database([[users]]).copy(content);
    // Every page is one above others, or a leaf that has the same row two thousand times.
    for (let page = 1; page < content.length / 4_096; page += 1) {
      const at = page * 4_096;
      content[at] = page % 2 === 0 ? 0x05 : 0x0d;
      content.writeUInt16BE(2_000, at + 3);
      for (let cell = 0; cell < 2_000; cell += 1) content.writeUInt16BE(4_000, at + 12 + 2 * cell);
      content.fill(0xff, at + 4_000, at + 4_009);
    }
    let bytes = 0;
    for (const text of rowsOfSqlite(content)) bytes += text.length;
    expect(bytes).toBeLessThanOrEqual(8 * content.length);
  });
});
