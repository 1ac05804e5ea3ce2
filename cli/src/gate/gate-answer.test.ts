import { type Finding, findingOf } from '@tidewaiter/domain';

import { answerText, type GateAnswer } from './gate-answer.js';

const finding = (id: string, known: Partial<Finding>) => ({
  ...findingOf({
    kind: 'vulnerability',
    id,
    severity: 'high',
    title: `Title of ${id}`,
    fingerprint: id,
    layer: 3,
    state: 'present',
    ...known,
  }),
  kev: false,
  epss: null,
});
const log4j = finding('CVE-2021-44228', {
  severity: 'critical',
  packageName: 'log4j-core',
  installedVersion: '2.14.1',
  path: 'app/log4j.jar',
  fix: { state: 'fixed', version: '2.17.1' },
});
const key = finding('aws-access-key-id', {
  kind: 'secret',
  path: 'app/.env',
  layer: 1,
  state: 'shadowed',
  evidence: { line: 3, removedInLayer: 4 },
});
const answer: GateAnswer = {
  image: 'shop/app:1',
  digest: null,
  against: null,
  failOn: 'high',
  result: 'fail',
  reasons: ['2 findings are high or worse'],
  changes: null,
  findings: [key, log4j],
  suppressed: [],
  policies: [],
  warnings: [],
};

describe('answerText', () => {
  it('names package, installed version, fix, path and layer of each finding, the worst first', () => {
    expect(answerText(answer)).toBe(`findings (2)
  critical  CVE-2021-44228  log4j-core 2.14.1 -> 2.17.1  app/log4j.jar (layer 3)  Title of CVE-2021-44228
  high  aws-access-key-id  app/.env:3 (layer 1, deleted in layer 4)  Title of aws-access-key-id

findings: 2
fail: 2 findings are high or worse
`);
  });

  it.each([
    [{ state: 'not-fixed' as const, version: null }, 'log4j-core 2.14.1 (no fix)'],
    [{ state: 'unknown' as const, version: null }, 'log4j-core 2.14.1  app'],
  ])('shows a fix in state %j', (fix, text) => {
    expect(answerText({ ...answer, findings: [{ ...log4j, fix }] })).toContain(text);
  });

  it('links to the console of the platform that was asked', () => {
    const consoleUrl = 'https://tidewaiter.example.com/images/sha256:00';
    expect(answerText({ ...answer, consoleUrl })).toContain(`\ndetails: ${consoleUrl}\nfail: `);
  });
});
