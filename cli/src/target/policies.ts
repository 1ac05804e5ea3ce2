import { readFile } from 'node:fs/promises';

import { NotFound } from '@tidewaiter/domain';
import type { Policy } from '@tidewaiter/policy';

import type { NamedText } from './objections.js';

/**
 * Reads policies: files, or names of those that come with Tidewaiter.
 * @throws NotFound `POLICY_MISSING`; InvalidInput `POLICY_INVALID` naming everything that is wrong
 */
export async function readPolicies(names: readonly string[]): Promise<{ policies: Policy[]; documents: NamedText[] }> {
  if (names.length === 0) return { policies: [], documents: [] };
  const { builtInPolicy, readPolicy } = await import('@tidewaiter/policy');
  const read = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(name, 'utf8').catch((cause: unknown) => cause);
      if (typeof text === 'string') return { policy: readPolicy(text, name), document: { kind: 'policy', name, text } };
      const policy = builtInPolicy(name, 'enforce');
      // Its text is part of the program.
      if (policy) return { policy, document: { kind: 'built-in policy', name, text: '' } };
      throw new NotFound('POLICY_MISSING', `${name} cannot be read, and no policy of this name is built in`, {
        cause: text,
      });
    }),
  );
  return { policies: read.map(({ policy }) => policy), documents: read.map(({ document }) => document) };
}
