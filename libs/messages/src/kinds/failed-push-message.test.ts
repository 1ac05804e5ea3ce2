import { failedPushMessage, type FailedPushReport } from './failed-push-message.js';

const report: FailedPushReport = {
  registry: 'registry.example.com',
  repository: 'rel/tool',
  tag: 'v1.2.0',
  digest: null,
  pushedBy: 'mallory',
  pushedAt: '2026-01-02T03:04:05.000Z',
  status: 'firing',
  outcome: 'dead-lettered',
  code: 'REGISTRY_UNAVAILABLE',
  reason: 'registry.example.com answers 503',
};

describe('failedPushMessage', () => {
  it('names the image, the pusher, the code, the reason and the next step', () => {
    expect(failedPushMessage(report)).toMatchObject({
      kind: 'push',
      status: 'firing',
      severity: 'high',
      title: 'High · rel/tool:v1.2.0 could not be analyzed',
      summary: expect.stringMatching(
        /could not be pulled.*admission in enforce mode denies the image.*dead-letters redrive/,
      ),
      facts: expect.arrayContaining([
        { label: 'Pushed by', value: 'mallory' },
        { label: 'Code', value: 'REGISTRY_UNAVAILABLE' },
        { label: 'Reason', value: 'registry.example.com answers 503' },
      ]),
    });
  });

  it.each([
    ['REGISTRY_UNAUTHORIZED', 'dead-lettered', /refused the credentials/],
    ['REGISTRY_UNKNOWN', 'dead-lettered', /no longer lists this registry/],
    ['EGRESS_DENIED', 'dead-lettered', /may not connect/],
    ['MANIFEST_UNKNOWN', 'refused', /does not have the manifest/],
    ['NO_PLATFORM', 'refused', /no image for a platform/],
    ['LIMIT_EXCEEDED', 'refused', /exceeds a limit/],
    ['MANIFEST_INVALID', 'refused', /malformed/],
  ] as const)('explains %s', (code, outcome, why) => {
    expect(failedPushMessage({ ...report, code, outcome }).summary).toMatch(why);
  });

  it('writes no control characters of a reason', () => {
    const { facts } = failedPushMessage({ ...report, reason: 'a\u001b[2Jb\u202ec' });
    expect(JSON.stringify(facts)).not.toMatch(/\\u001b|\u202e/);
  });

  it('reports that the push is analyzed now', () => {
    const { title, facts } = failedPushMessage({ ...report, status: 'resolved' });
    expect(title).toBe('Resolved · rel/tool:v1.2.0 has been analyzed');
    expect(facts.map(({ label }) => label)).not.toContain('Code');
  });
});
