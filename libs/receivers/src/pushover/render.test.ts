import { Secret } from '@tidewaiter/domain';

import { hugeMessage, sampleMessage, sampleRequests } from '../../samples/outgoing-messages.js';
import { plainText } from '../plain-text.js';
import type { PushoverConfig } from './config.js';
import { pushoverLimits, pushoverMessage } from './render.js';

describe('pushoverMessage', () => {
  const config: PushoverConfig = {
    ...sampleRequests,
    url: 'https://api.example.com',
    token: new Secret('app'),
    userKey: new Secret('user'),
    device: undefined,
    sound: 'siren',
    priority: undefined,
    retrySeconds: 60,
    expireSeconds: 3600,
    ttlSeconds: 0,
    isMonospace: false,
  };

  it('sends a critical message as an emergency, which rings until it is acknowledged', () => {
    expect(pushoverMessage(config, sampleMessage())).toEqual({
      token: 'app',
      user: 'user',
      title: 'Critical · shop/app:1 brings 2 findings',
      message: plainText(sampleMessage({ links: [] }), 1_000),
      url: 'https://tidewaiter.example.com/#pushes/1',
      url_title: 'Open',
      priority: 2,
      retry: 60,
      expire: 3600,
      sound: 'siren',
    });
  });

  it.each([
    ['high', 'firing', 1],
    ['low', 'firing', -1],
    ['unknown', 'firing', 0],
    ['critical', 'resolved', 0],
  ] as const)('sends a %s, %s message with priority %i', (severity, status, priority) => {
    const body = pushoverMessage(config, sampleMessage({ severity, status }));
    expect(body).toMatchObject({ priority });
    expect(body).not.toHaveProperty('retry');
  });

  it('stays within the limits of Pushover', () => {
    const body = pushoverMessage(config, hugeMessage) as { title: string; message: string };
    expect(body.title.length).toBeLessThanOrEqual(pushoverLimits.titleChars);
    expect(body.message.length).toBeLessThanOrEqual(pushoverLimits.messageChars);
  });
});
