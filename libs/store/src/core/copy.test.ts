import type { QueryRunner } from 'typeorm';

import { AdvisoryPackageRow, AdvisoryRow, KevRow } from '../advisories/advisory-rows.js';
import { copyLines, lineEncoder } from './copy.js';
import { JsonText } from './storable.js';

interface Query {
  callback?: () => void;
  submit(connection: object): void;
  handleCopyInResponse(connection: object): void;
  handleError(error: Error): void;
  handleReadyForQuery(): void;
}

describe('copyLines', () => {
  /** Starts a COPY and returns its query, with the texts that it has sent. */
  async function started(lines: (line: string) => string[] | Buffer[] = (line) => [line]) {
    const sent: string[] = [];
    const connection = {
      query: (sql: string) => sent.push(sql),
      sendCopyFromChunk: (chunk: Buffer) => sent.push(chunk.toString()),
      endCopyFrom: () => sent.push('end'),
    };
    let query: Query | undefined;
    const runner = { connect: async () => ({ query: (each: Query) => (query = each) }) } as unknown as QueryRunner;
    const line = lineEncoder(KevRow, ['cve', 'addedOn'])({ cve: 'a\tb', addedOn: '2026-01-01' });
    const done = copyLines(runner, KevRow, ['cve', 'addedOn'], lines(line));
    await new Promise(setImmediate);
    const endTimer = jest.fn();
    query!.callback = endTimer;
    query!.submit(connection);
    query!.handleCopyInResponse(connection);
    return { query: query!, done, sent, endTimer };
  }

  it('sends rows with escapes, and ends the timer of the client, which would keep them', async () => {
    const { query, done, sent, endTimer } = await started();
    expect(sent).toEqual(['COPY kev (cve, added_on) FROM STDIN', 'a\\tb\t2026-01-01\n', 'end']);
    query.handleReadyForQuery();
    await done;
    expect(endTimer).toHaveBeenCalledTimes(1);
  });

  it('sends many lines in blocks, as text or in bytes', async () => {
    const count = 30_000;
    for (const repeated of [
      (line: string) => Array.from({ length: count }, () => line),
      (line: string) => Array.from({ length: count }, () => Buffer.from(line)),
    ]) {
      const { sent } = await started(repeated);
      const blocks = sent.slice(1, -1);
      expect(blocks.length).toBeGreaterThan(1);
      expect(blocks.join('')).toBe('a\\tb\t2026-01-01\n'.repeat(count));
    }
  });

  it('fails when the connection ends, after which PostgreSQL reports nothing', async () => {
    const { query, done, endTimer } = await started();
    query.handleError(new Error('Connection terminated unexpectedly'));
    await expect(done).rejects.toThrow('Connection terminated');
    expect(endTimer).toHaveBeenCalledTimes(1);
  });
});

describe('lineEncoder', () => {
  it('escapes what COPY reads as something else, and replaces what PostgreSQL refuses', () => {
    const names = ['advisoryId', 'position', 'ecosystem', 'release', 'name', 'affected'] as const;
    const encode = lineEncoder(AdvisoryPackageRow, names);
    const row = { advisoryId: 'A\\1', position: 2, ecosystem: 'a\rb', release: null, name: 'n\0\uD800' };
    const affected = new JsonText('{"a":"\\u0000\\n"}');
    expect(encode({ ...row, affected })).toBe('A\\\\1\t2\ta\\rb\t\\N\tn\uFFFD\uFFFD\t{"a":"\uFFFD\\\\n"}\n');
    expect(lineEncoder(KevRow, ['cve', 'addedOn'])({ cve: '', addedOn: '' })).toBe('\t\n');
    expect(lineEncoder(AdvisoryRow, ['aliases', 'withdrawn'])({ aliases: ['a"b', 'c'], withdrawn: undefined })).toBe(
      '{"a\\\\"b","c"}\t\\N\n',
    );
  });
});
