import { readFile } from 'node:fs/promises';

import { NotFound } from '@tidewaiter/domain';
import type { Policy } from '@tidewaiter/policy';

/**
 * Reads policies: files, or names of those that come with Tidewaiter.
 * @throws NotFound `POLICY_MISSING`; InvalidInput `POLICY_INVALID` naming everything that is wrong
 */
export async function readPolicies(names: readonly string[]): Promise<Policy[]> {
  if (names.length === 0) return [];
  const { builtInPolicy, readPolicy } = await import('@tidewaiter/policy');
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(name, 'utf8').catch((cause: unknown) => cause);
      if (typeof text === 'string') return readPolicy(text, name);
      const known = builtInPolicy(name, 'enforce');
      if (known) return known;
      throw new NotFound('POLICY_MISSING', `${name} cannot be read, and no policy of this name is built in`, {
        cause: text,
      });
    }),
  );
}
