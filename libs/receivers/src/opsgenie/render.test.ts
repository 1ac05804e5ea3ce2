import { Secret } from '@tidewaiter/domain';

import { hugeMessage, sampleDelivery, sampleRequests } from '../../samples/outgoing-messages.js';
import type { OpsgenieConfig } from './config.js';
import { opsgenieLimits, alertOf } from './render.js';

const opsgenie: OpsgenieConfig = {
  ...sampleRequests,
  apiKey: new Secret('key'),
  apiUrl: 'https://api.example.com/',
  responders: [{ type: 'team', name: 'shop' }],
  tags: Array.from({ length: 30 }, (_, index) => `tag-${index}`),
  priority: undefined,
  entity: undefined,
  source: undefined,
  note: undefined,
  details: [],
};

describe('alertOf', () => {
  it('stays within the limits of Opsgenie', () => {
    const alert = alertOf(opsgenie, sampleDelivery(hugeMessage)) as {
      message: string;
      description: string;
      tags: string[];
    };
    expect(alert.message.length).toBeLessThanOrEqual(opsgenieLimits.messageChars);
    expect(alert.description.length).toBeLessThanOrEqual(opsgenieLimits.descriptionChars);
    expect(alert.tags).toHaveLength(opsgenieLimits.tags);
    expect(alertOf(opsgenie, sampleDelivery())).toMatchObject({
      priority: 'P1',
      responders: [{ type: 'team', name: 'shop' }],
      details: { repository: 'shop/app' },
    });
  });
});
