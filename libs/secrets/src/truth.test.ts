import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describeWith, sharedData } from '@tidewaiter/testkit';

import { findSecrets } from './index.js';
import { secretRules } from './rules.js';

const shared = sharedData('secrets');
const key = Buffer.from('key of the tests');
const claimed = new Set(secretRules.map(({ id }) => id));

/** Kinds that we split: `theirs` covers several of our rules. */
const alsoOurs = new Map([
  ['atlassian-api-token', ['atlassian-cloud-api-token']],
  ['vault-service-token', ['vault-service-token-legacy']],
  ['sourcegraph-access-token', ['sourcegraph-access-token-legacy']],
  ['aws-access-key-id', ['aws-access-token', 'aws-secret-access-key']],
  ['private-key', ['encrypted-private-key']],
  ['telegram-bot-api-token', ['telegram-bot-token']],
]);

interface Sample {
  rule: string;
  text_b64: string;
  path?: string;
}

function samples(name: string): Sample[] {
  return readFileSync(join(shared.path, name), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line): Sample => JSON.parse(line))
    .filter(({ rule }) => claimed.has(rule));
}

/** Rules for values without a form: a value with one is reported by the rule of its form. */
const withoutForm = new Set(['generic-api-key', 'curl-auth-header', 'curl-auth-user']);

function rulesIn({ text_b64, path = 'app/settings.txt' }: Sample): string[] {
  const { sightings } = findSecrets({ path, content: Buffer.from(text_b64, 'base64') }, key);
  return sightings.map(({ rule }) => rule);
}

/** Whether the rule of a sample reports it. */
function isReported(sample: Sample): boolean {
  const wanted = [sample.rule, ...(alsoOurs.get(sample.rule) ?? [])];
  return rulesIn(sample).some((rule) => wanted.includes(rule));
}

function isFound(sample: Sample): boolean {
  return isReported(sample) || (withoutForm.has(sample.rule) && rulesIn(sample).some((rule) => !withoutForm.has(rule)));
}

describeWith(shared)('the shared samples of secrets', () => {
  it('covers at least 180 rules of the reference', () => {
    const theirs = readFileSync(join(shared.path, 'rules.tsv'), 'utf8')
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '');
    expect(theirs.filter((rule) => claimed.has(rule)).length).toBeGreaterThanOrEqual(180);
  });

  it('finds at least 99 % of the secrets', () => {
    const positives = samples('positives.jsonl');
    const missed = positives.filter((sample) => !isFound(sample));
    // The misses as a text, so that a failure prints them.
    expect(missed.length <= positives.length * 0.01 ? [] : missed.map(shown)).toEqual([]);
  });

  it('reports at most 0.5 % of the harmless values', () => {
    const negatives = samples('negatives.jsonl');
    const fired = negatives.filter(isReported);
    expect(fired.length <= negatives.length * 0.005 ? [] : fired.map(shown)).toEqual([]);
  });

  it('reports secrets with a precision of at least 99.9 %', () => {
    const found = samples('positives.jsonl').filter(isFound).length;
    const fired = samples('negatives.jsonl').filter(isReported).length;
    expect(found / (found + fired)).toBeGreaterThanOrEqual(0.999);
  });
});

const shown = ({ rule, text_b64 }: Sample) =>
  `${rule}: ${Buffer.from(text_b64, 'base64').toString('latin1').slice(0, 100)}`;
