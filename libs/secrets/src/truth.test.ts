import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { env } from 'node:process';

import { findSecrets } from './index.js';
import { secretRules } from './rules.js';

const root = resolve(__dirname, '../../..', env['TIDEWAITER_SHARED'] ?? '../shared', 'secrets');
const key = Buffer.from('key of the tests');
const claimed = new Set(secretRules.map(({ id }) => id));

/** Kinds that we split: `theirs` covers several of our rules. */
const alsoOurs = new Map([
  ['atlassian-api-token', ['atlassian-cloud-api-token']],
  ['vault-service-token', ['vault-service-token-legacy']],
  ['sourcegraph-access-token', ['sourcegraph-access-token-legacy']],
  ['aws-access-key-id', ['aws-access-token', 'aws-secret-access-key']],
  ['private-key', ['encrypted-private-key']],
]);

interface Sample {
  rule: string;
  text_b64: string;
  path?: string;
}

function samples(name: string): Sample[] {
  return readFileSync(join(root, name), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line): Sample => JSON.parse(line))
    .filter(({ rule }) => claimed.has(rule));
}

function isFound({ rule, text_b64, path = 'app/settings.txt' }: Sample): boolean {
  const wanted = [rule, ...(alsoOurs.get(rule) ?? [])];
  const { sightings } = findSecrets({ path, content: Buffer.from(text_b64, 'base64') }, key);
  return sightings.some((sighting) => wanted.includes(sighting.rule));
}

(existsSync(root) ? describe : describe.skip)('the samples of shared/secrets (needs TIDEWAITER_SHARED)', () => {
  it('covers at least 180 rules of the reference', () => {
    const theirs = readFileSync(join(root, 'rules.tsv'), 'utf8')
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '');
    expect(theirs.filter((rule) => claimed.has(rule)).length).toBeGreaterThanOrEqual(180);
  });

  it('finds at least 95 % of the secrets', () => {
    const positives = samples('positives.jsonl');
    const missed = positives.filter((sample) => !isFound(sample));
    expect({ missed: missed.map(shown), of: positives.length, share: missed.length / positives.length }).toMatchObject({
      share: expect.closeTo(0, 1),
    });
    expect(missed.length / positives.length).toBeLessThanOrEqual(0.05);
  });

  it('reports at most 3 % of the harmless values', () => {
    const negatives = samples('negatives.jsonl');
    const fired = negatives.filter(isFound);
    expect(fired.map(shown).slice(0, Math.max(0, fired.length - negatives.length * 0.03))).toEqual([]);
  });
});

const shown = ({ rule, text_b64 }: Sample) =>
  `${rule}: ${Buffer.from(text_b64, 'base64').toString('latin1').slice(0, 100)}`;
