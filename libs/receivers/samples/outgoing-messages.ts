import type { Message, MessageItem } from '@tidewaiter/messages';

import { plainHttp } from '../src/http-config.js';
import type { OutgoingMessage } from '../src/sender.js';

export const sampleItem = (text: string): MessageItem => ({
  severity: 'high',
  text,
  detail: 'fixed in 2',
  isNew: true,
});

export const sampleMessage = (more: Partial<Message> = {}): Message => ({
  kind: 'push',
  status: 'firing',
  severity: 'critical',
  title: 'Critical · shop/app:1 brings 2 findings',
  summary: 'Pushed by ci a minute ago.',
  facts: [{ label: 'Image', value: 'shop/app:1' }],
  sections: [{ title: 'New', items: [sampleItem('CVE-1 in openssl'), sampleItem('CVE-2 in zlib')], omitted: 3 }],
  links: [{ text: 'Open', url: 'https://tidewaiter.example.com/#pushes/1' }],
  footer: 'Tidewaiter',
  ...more,
});

export const sampleDelivery = (message: Message = sampleMessage()): OutgoingMessage => ({
  id: 'd1',
  groupKey: '{}:{repository="shop/app"}',
  groupLabels: { repository: 'shop/app' },
  edition: null,
  alerts: [],
  message,
  attempt: 1,
  reached: [],
  receiver: 'team',
  externalUrl: 'https://tidewaiter.example.com',
});

/** Text that would mention, link or format something in one channel or another. */
export const hostileText = '@everyone <!channel> <b>&amp;</b> [x](https://evil.example) *_~`# \\ |> "quoted"';

/** Text that grows when it is escaped, and that may be cut within a character. */
export const longText = '\u{1f6a2}"\\<&'.repeat(4_000);

export const hugeMessage = sampleMessage({
  title: longText,
  summary: longText,
  facts: Array.from({ length: 60 }, (_, index) => ({ label: `Fact ${index}`, value: longText.slice(0, 300) })),
  sections: Array.from({ length: 8 }, () => ({
    title: 'Findings',
    items: Array.from({ length: 12 }, () => sampleItem(longText.slice(0, 300))),
    omitted: 10_000,
  })),
});

/** Settings that most channels share. */
export const sampleRequests = { http: plainHttp, timeoutMs: 0, sendResolved: true };
