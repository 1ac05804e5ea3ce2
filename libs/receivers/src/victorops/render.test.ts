import { Secret } from '@tidewaiter/domain';

import { hugeMessage, sampleDelivery, sampleMessage, sampleRequests } from '../../samples/outgoing-messages.js';
import { dedupKey } from '../dedup-key.js';
import { plainText } from '../plain-text.js';
import type { VictorOpsConfig } from './config.js';
import { victorOpsLimits, victorOpsEvent } from './render.js';

describe('victorOpsEvent', () => {
  const config: VictorOpsConfig = {
    ...sampleRequests,
    apiUrl: 'https://alert.example.com/',
    apiKey: new Secret('key'),
    routingKey: 'team',
    messageType: undefined,
    monitoringTool: undefined,
    customFields: [['runbook', 'https://runbooks.example.com']],
  };

  it('opens and resolves an incident under the same key', () => {
    expect(victorOpsEvent(config, sampleDelivery())).toEqual({
      runbook: 'https://runbooks.example.com',
      message_type: 'CRITICAL',
      entity_id: dedupKey(sampleDelivery()),
      entity_display_name: 'Critical · shop/app:1 brings 2 findings',
      state_message: plainText(sampleMessage(), 1_000),
      monitoring_tool: 'Tidewaiter',
    });
    expect(victorOpsEvent(config, sampleDelivery(sampleMessage({ status: 'resolved' })))).toMatchObject({
      message_type: 'RECOVERY',
      entity_id: dedupKey(sampleDelivery()),
    });
    expect(victorOpsEvent({ ...config, messageType: 'INFO' }, sampleDelivery())).toMatchObject({
      message_type: 'INFO',
    });
  });

  it('stays within the limits of Splunk On-Call', () => {
    const event = victorOpsEvent(config, sampleDelivery(hugeMessage)) as {
      state_message: string;
      entity_display_name: string;
    };
    expect(event.state_message.length).toBeLessThanOrEqual(victorOpsLimits.stateMessageChars);
    expect(event.entity_display_name.length).toBeLessThanOrEqual(victorOpsLimits.displayNameChars);
  });
});
