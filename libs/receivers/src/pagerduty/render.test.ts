import { Secret } from '@tidewaiter/domain';

import { hugeMessage, sampleDelivery, sampleMessage, sampleRequests } from '../../samples/outgoing-messages.js';
import { dedupKey } from '../dedup-key.js';
import { plainText } from '../plain-text.js';
import type { PagerDutyConfig } from './config.js';
import { pagerDutyLimits, pagerDutyEvent, olderPagerDutyEvent } from './render.js';

const pagerduty: PagerDutyConfig = {
  ...sampleRequests,
  api: 'v2',
  key: new Secret('key'),
  url: 'https://events.example.com',
  severity: undefined,
  class: undefined,
  component: undefined,
  group: undefined,
  source: undefined,
  client: undefined,
  clientUrl: undefined,
  details: [['runbook', 'https://runbooks.example.com']],
};

describe('pagerDutyEvent', () => {
  it('triggers and resolves an event under the same key', () => {
    expect(pagerDutyEvent(pagerduty, sampleDelivery())).toEqual({
      routing_key: 'key',
      dedup_key: dedupKey(sampleDelivery()),
      event_action: 'trigger',
      client: 'Tidewaiter',
      client_url: 'https://tidewaiter.example.com',
      payload: {
        summary: 'Critical · shop/app:1 brings 2 findings',
        source: 'shop/app',
        severity: 'critical',
        class: 'push',
        custom_details: {
          Image: 'shop/app:1',
          text: plainText(sampleMessage(), 1_000),
          runbook: 'https://runbooks.example.com',
        },
      },
      links: [{ href: 'https://tidewaiter.example.com/#pushes/1', text: 'Open' }],
    });
    expect(pagerDutyEvent(pagerduty, sampleDelivery(sampleMessage({ status: 'resolved' })))).toEqual({
      routing_key: 'key',
      dedup_key: dedupKey(sampleDelivery()),
      event_action: 'resolve',
    });
  });

  it('triggers and resolves an event of version 1', () => {
    const common = { service_key: 'key', incident_key: dedupKey(sampleDelivery()) };
    expect(olderPagerDutyEvent(pagerduty, sampleDelivery())).toEqual({
      ...common,
      event_type: 'trigger',
      description: 'Critical · shop/app:1 brings 2 findings',
      client: 'Tidewaiter',
      client_url: 'https://tidewaiter.example.com',
      details: {
        severity: 'critical',
        Image: 'shop/app:1',
        text: plainText(sampleMessage(), 1_000),
        runbook: 'https://runbooks.example.com',
      },
      contexts: [{ type: 'link', href: 'https://tidewaiter.example.com/#pushes/1', text: 'Open' }],
    });
    expect(
      olderPagerDutyEvent(pagerduty, sampleDelivery(sampleMessage({ status: 'resolved', title: 'Resolved' }))),
    ).toEqual({
      ...common,
      event_type: 'resolve',
      description: 'Resolved',
    });
  });

  it('stays within the limits of PagerDuty', () => {
    expect(Buffer.byteLength(JSON.stringify(olderPagerDutyEvent(pagerduty, sampleDelivery(hugeMessage))))).toBeLessThan(
      pagerDutyLimits.eventBytes,
    );
    const event = pagerDutyEvent(pagerduty, sampleDelivery(hugeMessage)) as { payload: { summary: string } };
    expect(event.payload.summary.length).toBeLessThanOrEqual(pagerDutyLimits.summaryChars);
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(pagerDutyLimits.eventBytes);
  });
});
