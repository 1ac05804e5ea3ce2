import {
  type AdvisoryFormat,
  advisoryFormats,
  bunzip2,
  readEndOfLife,
  readEpss,
  readKev,
  readOsvRecord,
  readRepositoryMap,
} from '@tidewaiter/advisories';
import { TidewaiterError } from '@tidewaiter/domain';

import { outcomes, type Target } from '../target.ts';

/** Files of publishers of advisories: each format, and facts beside advisories. */
export const advisoryFeeds: Target = {
  name: 'advisory-feeds',
  run: async (input) => [
    ...(await Promise.all(advisoryFormats.map(async (format) => settled(async () => itemsOf(format, input))))),
    await settled(async () => (await Array.fromAsync(bunzip2(piecesOf(input)))).map(({ length }) => length)),
    ...outcomes([
      () => readOsvRecord(parsed(input)),
      () => ({ ...readEpss(input) }),
      () => ({ ...readKev(input, 'CISA') }),
      () => ({ ...readEndOfLife(input) }),
      () => ({ ...readRepositoryMap(input) }),
    ]),
  ],
};

async function itemsOf({ read }: AdvisoryFormat, input: Buffer): Promise<unknown[]> {
  const document = { name: 'a', bytes: piecesOf(input), changedAt: '2026-01-01T00:00:00Z' };
  const items = await Array.fromAsync(read(document));
  return items.map((item) => ('error' in item ? item.error.code : item.advisory));
}

/** Pieces of odd sizes: a character may continue in the next one. */
async function* piecesOf(input: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < input.length; at += 1_021) yield input.subarray(at, at + 1_021);
}

function parsed(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString('utf8'));
  } catch {
    return null;
  }
}

/** The answer of an asynchronous parser, or the code of its error. */
async function settled(parse: () => Promise<unknown>): Promise<unknown> {
  try {
    return await parse();
  } catch (error) {
    if (error instanceof TidewaiterError) return error.code;
    throw error;
  }
}
