import type { QueryRunner } from 'typeorm';

import { KevRow } from '../advisories/advisory-rows.js';
import { copyRows } from './copy.js';

interface Query {
  callback?: () => void;
  submit(connection: object): void;
  handleCopyInResponse(connection: object): void;
  handleError(error: Error): void;
  handleReadyForQuery(): void;
}

describe('copyRows', () => {
  /** Starts a COPY and returns its query, with the texts that it has sent. */
  async function started() {
    const sent: string[] = [];
    const connection = {
      query: (sql: string) => sent.push(sql),
      sendCopyFromChunk: (chunk: Buffer) => sent.push(chunk.toString()),
      endCopyFrom: () => sent.push('end'),
    };
    let query: Query | undefined;
    const runner = { connect: async () => ({ query: (each: Query) => (query = each) }) } as unknown as QueryRunner;
    const done = copyRows(runner, KevRow, ['cve', 'addedOn'], [{ cve: 'a\tb', addedOn: '2026-01-01' }]);
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

  it('fails when the connection ends, after which PostgreSQL reports nothing', async () => {
    const { query, done, endTimer } = await started();
    query.handleError(new Error('Connection terminated unexpectedly'));
    await expect(done).rejects.toThrow('Connection terminated');
    expect(endTimer).toHaveBeenCalledTimes(1);
  });
});
