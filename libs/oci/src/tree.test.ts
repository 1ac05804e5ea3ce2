import { createHash } from 'node:crypto';

import { NotFound } from '@tidewaiter/domain';

import { readTree, type TreeMember } from './tree.js';

const file = { linkName: '', flag: '0', mode: 0o644, uid: 0, gid: 0, isSparse: false };

async function* pieces(...content: (string | Error)[]): AsyncGenerator<Buffer> {
  for (const piece of content) {
    if (piece instanceof Error) throw piece;
    yield Buffer.from(piece);
  }
}

async function read(...members: TreeMember[]) {
  const files = new Map<string, string>();
  async function* all(): AsyncGenerator<TreeMember> {
    yield* members;
  }
  const take = ({ path, content }: { path: string; content: Buffer }) => files.set(path, content.toString());
  return { ...(await readTree(all(), { wants: () => true, wantsLink: () => true, take })), files };
}

const denied = new NotFound('UNREADABLE', 'file that may not be read');

describe('readTree', () => {
  it.each([
    ['at once', [denied]],
    ['after a piece', ['x'.repeat(600), denied]],
  ])('lists a file that cannot be read %s without digest or content, with a warning', async (_, content) => {
    const { entries, files, linkable, warnings } = await read(
      { ...file, name: 'secret', size: 1000, content: pieces(...content) },
      { ...file, name: 'next', size: 1, content: pieces('y') },
    );
    expect([...entries]).toMatchObject([{ path: 'secret', size: 1000, sha256: undefined }, { path: 'next' }]);
    expect([...files]).toEqual([['next', 'y']]);
    expect([...linkable]).toEqual(['next']);
    expect(warnings).toEqual([{ code: 'UNREADABLE', path: 'secret', message: denied.message }]);
  });

  it('fills a truncated file with zeros', async () => {
    const { entries, warnings } = await read({ ...file, name: 'log', size: 3, content: pieces('x') });
    expect(entries.at(0)?.sha256).toBe(createHash('sha256').update('x\0\0').digest('hex'));
    expect(warnings).toEqual([]);
  });

  it('throws errors that concern more than one file', async () => {
    const content = pieces(new Error('bug'));
    await expect(read({ ...file, name: 'a', size: 1, content })).rejects.toThrow('bug');
  });
});
