import type { Alert } from '@tidewaiter/domain';

import { clean, maxItemChars, maxTitleChars, type Message } from './message.js';
import { sampleMessage } from './sample-messages.js';

/** Message by which a user tries a channel: every channel shows that it is about nothing real. */
export function testMessage(by: string, consoleUrl: string): Message {
  const { title, summary, links: _, ...message } = sampleMessage('push', { consoleUrl });
  return {
    ...message,
    title: clean(`Test: ${title}`, maxTitleChars),
    summary: `${clean(`Sample that ${by} sent to try this channel; there is no such image.`, maxItemChars)} ${summary}`,
    links: [{ text: 'Console', url: consoleUrl }],
  };
}

/** Alert of the test message, for channels whose readers are programs. */
export function testAlert(id: string, now: Date): Alert {
  return {
    identity: `test/${id}`,
    labels: { kind: 'vulnerability', severity: 'high', repository: 'shop/checkout', test: 'true' },
    annotations: { summary: 'Test of the channel' },
    status: 'firing',
    startsAt: now.toISOString(),
    endsAt: null,
  };
}
