import { Unavailable } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';

import { FetchedKeys } from './published-keys.js';

const url = new URL('https://keys.example.com/certs');

const egressOf = (...statuses: number[]) => {
  const asked: string[] = [];
  const request = async (target: string | URL) => {
    asked.push(String(target));
    const status = statuses[asked.length - 1] ?? 200;
    return { status, text: async () => `answer ${asked.length}` };
  };
  return { asked, egress: { request } as unknown as Pick<Egress, 'request'> };
};

describe('FetchedKeys', () => {
  it('fetches a key once an hour for all callers', async () => {
    const { asked, egress } = egressOf();
    let now = 0;
    const keys = new FetchedKeys(egress, () => now);
    await expect(Promise.all([keys.get(url), keys.get(url)])).resolves.toEqual(['answer 1', 'answer 1']);
    now = 3_599_999;
    await expect(keys.get(url)).resolves.toBe('answer 1');
    now = 3_600_000;
    await expect(keys.get(url)).resolves.toBe('answer 2');
    expect(asked).toHaveLength(2);
  });

  it('fetches again for a lower maximum age', async () => {
    const { asked, egress } = egressOf();
    let now = 0;
    const keys = new FetchedKeys(egress, () => now);
    await keys.get(url);
    now = 59_999;
    await expect(keys.get(url, 60_000)).resolves.toBe('answer 1');
    now = 60_000;
    await expect(keys.get(url, 60_000)).resolves.toBe('answer 2');
    expect(asked).toHaveLength(2);
  });

  it('does not cache a failure', async () => {
    const { egress } = egressOf(500);
    const keys = new FetchedKeys(egress, () => 0);
    await expect(keys.get(url)).rejects.toThrow(Unavailable);
    await expect(keys.get(url)).resolves.toBe('answer 2');
  });

  it('limits the cache, since senders name the URLs', async () => {
    const { asked, egress } = egressOf();
    const keys = new FetchedKeys(egress, () => 0);
    for (let index = 0; index < 100; index += 1) await keys.get(new URL(`https://keys.example.com/${index}`));
    await keys.get(new URL('https://keys.example.com/0'));
    expect(asked).toHaveLength(101);
  });
});
