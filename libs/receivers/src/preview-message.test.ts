import { countBySeverity, findingOf } from '@tidewaiter/domain';
import { messageKinds, type PushFinding, pushMessage, type PushReport, Templates } from '@tidewaiter/messages';

import { mailHtml } from './email/mail-html.js';
import { mailText } from './email/mail-text.js';
import { previewMessage } from './preview-message.js';
import { slackBlocks, slackText } from './slack/render.js';

const consoleUrl = 'https://tidewaiter.example.com/';
const templates = new Templates();

describe('a preview', () => {
  it.each(messageKinds.flatMap((kind) => (['text', 'slack'] as const).map((channel) => [kind, channel] as const)))(
    'of kind %s as %s reads as it did',
    (kind, channel) => {
      expect(previewMessage(kind, channel, { templates, consoleUrl }).content).toMatchSnapshot();
    },
  );

  it.each(messageKinds)('of kind %s says the same in both forms of a mail, and fetches nothing', (kind) => {
    const html = previewMessage(kind, 'email', { templates, consoleUrl }).content;
    const words = (text: string) =>
      text
        .replaceAll(/<[^>]*>|https?:\S*|\[|\]/g, ' ')
        .split(/[\s:●]+/)
        .filter((word) => /\w/.test(word));
    const body = html.slice(html.indexOf('<body')).replaceAll('&#39;', "'").replaceAll('&amp;', '&');
    const text = previewMessage(kind, 'text', { templates, consoleUrl }).content;
    expect(new Set(words(text)).difference(new Set(words(body)))).toEqual(new Set());
    expect(html).not.toMatch(/<img|<link|<script|url\(|@import|src=/i);
    expect(html).toMatch(/<html lang="en">/);
  });
});

describe('a push with 10,000 findings of hostile names', () => {
  const hostile = [
    '<img src=x onerror=alert(1)>',
    '<!channel> <@U1> <https://evil.example|click>',
    '*bold* `code` ~x~ :tada:',
    'a\r\nBcc: all@example.com',
    '\u202egpj.exe\u200b',
    '{{ title }}{% if %}',
    '"; DROP TABLE finding; --',
    '&amp;&lt;',
    '\ud800',
    'x'.repeat(5_000),
  ];
  const findings: PushFinding[] = Array.from({ length: 10_000 }, (_, index) => {
    const name = `${hostile[index % hostile.length]}${index % 500}`;
    const finding = findingOf({
      kind: 'vulnerability',
      id: `CVE-2026-${10_000 + index}`,
      severity: index % 7 === 0 ? 'critical' : 'high',
      title: name,
      fingerprint: `f${index}`,
      purl: `pkg:deb/debian/x@${index}`,
      packageName: name,
      installedVersion: `1.${index % 500}`,
      layer: 0,
      state: 'present',
      fix: { state: 'fixed', version: `2.${index % 3}` },
    });
    return { finding, isNew: index % 2 === 0, platforms: ['linux/amd64'] };
  });
  const report: PushReport = {
    registry: 'registry.example.com',
    repository: hostile[0]!,
    tag: hostile[3]!,
    digest: `sha256:${'4f'.repeat(32)}`,
    owner: null,
    platforms: ['linux/amd64'],
    pushedBy: hostile[1]!,
    pipeline: null,
    pushedAt: '2026-11-25T10:42:00Z',
    previousDigest: `sha256:${'ab'.repeat(32)}`,
    findings,
    resolved: findings.slice(0, 5_000),
    packagesChanged: null,
    changes: null,
    warnings: hostile,
    counts: countBySeverity(findings.map(({ finding }) => finding)),
  };
  const message = pushMessage(report, { consoleUrl });

  it('reads as it did', () => {
    expect(mailText(message)).toMatchSnapshot();
  });

  it('stays one readable message in every layout', () => {
    // Gmail cuts a mail off at 102 KB.
    expect(Buffer.byteLength(mailHtml(message))).toBeLessThan(102_000);
    expect(mailHtml(message)).not.toMatch(/<img|onerror=alert\(1\)>/);
    expect(JSON.stringify(slackBlocks(message)).length).toBeLessThan(13_200);
    expect(JSON.stringify([slackBlocks(message), slackText(message)])).not.toMatch(/<!channel|<@U1|<https:\/\/evil/);
    expect(message.title).not.toMatch(/[\r\n\u202e]/);
  });
});
