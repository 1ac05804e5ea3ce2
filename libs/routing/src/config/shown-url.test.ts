import * as fc from 'fast-check';

import { shownUrl } from './shown-url.js';

describe('shownUrl', () => {
  it.each([
    'https://alertmanager.example.com',
    'https://alertmanager.example.com:9093/team/',
    'https://example.atlassian.net/rest/api/3',
    'https://slack.com/api/chat.postMessage',
    'https://alert.victorops.com/integrations/generic/20131114/alert/',
    'https://events.pagerduty.com/generic/2010-04-15/create_event.json',
    'https://qyapi.weixin.qq.com/cgi-bin/',
    'https://webexapis.com/v1/messages',
    'http://splunk:8088/services/collector/event',
  ])('shows %s as it is', (url) => {
    expect(shownUrl(url)).toBe(url);
  });

  it.each([
    ['https://hooks.slack.com/services/T024BE7LD/B01ABCDEF/xyz', 'services/[redacted]/[redacted]/xyz'],
    ['https://a.example/in/Zm9yLXlvdXItZXllcy1vbmx5', 'https://a.example/in/[redacted]'],
    ['https://a.example/550e8400-e29b-41d4-a716-446655440000/alerts', 'https://a.example/[redacted]/alerts'],
    ['https://a.example/x?token=abc&x=1&bare#top', '/x?token=[redacted]&x=[redacted]&[redacted]#[redacted]'],
    ['http://user:pass@proxy.example:3128', 'http://[redacted]@proxy.example:3128/'],
    ['https://a.example/%73ecret', 'https://a.example/[redacted]'],
    ['no url', '[redacted]'],
  ])('redacts what %s may grant', (url, shown) => {
    expect(shownUrl(url)).toContain(shown);
  });

  it.each(['hex', 'base64url', 'base64'] as const)('shows no random token in %s in a path', (encoding) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 48 }), (bytes) => {
        const token = encodeURIComponent(Buffer.from(bytes).toString(encoding));
        expect(shownUrl(`https://a.example/hook/${token}`)).toBe('https://a.example/hook/[redacted]');
      }),
      { numRuns: 1000 },
    );
  });

  it('shows no value of a query, no fragment and no user', () => {
    const text = fc.stringMatching(/^[a-z]{5,12}$/).map((word) => `x${word}x`);
    fc.assert(
      fc.property(text, (secret) => {
        const url = `https://${secret}:${secret}@a.example/hook?key=${secret}&${secret}#${secret}`;
        expect(shownUrl(url)).not.toContain(secret);
      }),
    );
  });
});
