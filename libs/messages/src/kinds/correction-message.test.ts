import { countBySeverity, findingOf } from '@tidewaiter/domain';

import { correctedMessage, type LateSignature } from './correction-message.js';
import type { PushFinding } from './push-message-groups.js';
import { pushMessage, type PushReport } from './push-message.js';

const finding = (id: string, title: string): PushFinding => ({
  finding: findingOf({
    kind: 'supply-chain',
    id,
    severity: 'high',
    title,
    layer: null,
    state: 'present',
    fingerprint: id,
  }),
  isNew: true,
  platforms: [],
});
const unsigned = finding('image-unsigned', 'Not signed by release');
const moved = finding('release-tag-moved', 'Release tag moved');

const report = (...findings: PushFinding[]): PushReport => ({
  registry: 'registry.example.com',
  repository: 'shop/app',
  tag: '1.2.0',
  digest: `sha256:${'a'.repeat(64)}`,
  owner: null,
  platforms: ['linux/amd64'],
  pushedBy: 'ci',
  pushedAt: '2026-11-28T14:00:00Z',
  pipeline: null,
  previousDigest: null,
  findings,
  resolved: [],
  packagesChanged: null,
  changes: null,
  warnings: [],
  counts: countBySeverity([]),
});

const consoleUrl = 'https://t.example';
const signature = (more: Partial<LateSignature> = {}): LateSignature => ({
  sent: pushMessage(report(unsigned, moved), { consoleUrl }),
  late: [unsigned],
  signers: [{ name: 'release', identity: null }],
  at: '2026-11-28T14:31:05Z',
  revision: 2,
  consoleUrl,
  ...more,
});

describe('correctedMessage', () => {
  it('has a title for a push without remaining findings', () => {
    expect(correctedMessage(report(), signature())).toMatchObject({
      status: 'resolved',
      title: 'Resolved · shop/app:1.2.0: signed by release after the push',
      summary:
        'Signed by release on 2026-11-28 14:31 UTC, after the push was announced. No longer found: Not signed by release.',
      sections: [{ title: 'No longer found', items: [{ text: 'Not signed by release', severity: null }] }],
      history: [{ revision: 2, lines: [expect.stringContaining('No longer found: Not signed by release')] }],
    });
  });

  it('keeps the title, count and severity of the remaining findings', () => {
    const message = correctedMessage(report(moved), signature());
    expect(message).toMatchObject({
      status: 'firing',
      severity: 'high',
      title: 'High · First push of shop/app:1.2.0 has 1 critical or high finding',
      summary: expect.stringMatching(/^Signed by release on 2026-11-28 14:31 UTC\. Found: 1 high\./),
    });
    expect(message.sections.map(({ title, items }) => [title, items.length])).toEqual([
      ['Found in the image', 1],
      ['No longer found', 1],
    ]);
  });

  it('counts nothing that is not announced as left', () => {
    const low = { ...moved, finding: { ...moved.finding, severity: 'low' as const } };
    expect(correctedMessage(report(low), signature()).status).toBe('resolved');
  });

  it.each<[string, LateSignature['signers'], string]>([
    ['no signer where none is configured', [], 'Signature or attestation received on '],
    [
      'the identity of a certificate',
      [{ name: 'ci', identity: 'ci@example.com' }],
      'Signed by ci (ci@example.com) on ',
    ],
    ['all signers', ['a', 'b'].map((name) => ({ name, identity: null })), 'Signed by a and b on '],
  ])('names %s', (_, signers, text) => {
    expect(correctedMessage(report(), signature({ signers })).summary).toContain(text);
  });

  it('lists findings that earlier corrections ended, too', () => {
    const sent = correctedMessage(report(moved), signature());
    const [section] = correctedMessage(report(), signature({ sent, late: [moved], revision: 3 })).sections;
    expect(section!.items.map(({ text }) => text)).toEqual(['Not signed by release', 'Release tag moved']);
  });

  it('shows names that others chose as they are, without control characters', () => {
    const { summary } = correctedMessage(report(), signature({ signers: [{ name: 'a\u202eb\nc', identity: null }] }));
    expect(summary).toContain('Signed by ab c on ');
  });
});
