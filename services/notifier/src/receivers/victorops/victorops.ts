import { cut, type Severity } from '@tidewaiter/domain';
import { plainText } from '@tidewaiter/messages';

import { dedupKey, postJson } from '../http-channel.js';
import { receiver, type Configs, type OutgoingMessage } from '../receiver.js';

/** @see https://help.victorops.com/knowledge-base/incident-fields-glossary/ */
export const victorOpsLimits = { stateMessageChars: 20_480, displayNameChars: 255 } as const;

const messageTypes: Record<Severity, string> = {
  critical: 'CRITICAL',
  high: 'CRITICAL',
  medium: 'WARNING',
  low: 'INFO',
  negligible: 'INFO',
  // An unknown severity may be critical, and what it is not is nothing.
  unknown: 'WARNING',
};

/**
 * Splunk On-Call, which was VictorOps. It knows an incident by our key, so a repetition is harmless, and ends what it opened.
 * @see https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/
 */
export const victorops = receiver({
  kind: 'victorops',
  async send(config, delivery, context) {
    const { apiUrl, apiKey, routingKey, http, timeoutMs } = config;
    const url = `${apiUrl}${encodeURIComponent(apiKey.reveal())}/${encodeURIComponent(routingKey)}`;
    const body = victorOpsEvent(config, delivery);
    return postJson({ name: 'Splunk On-Call', url, body, http, timeoutMs }, delivery, context);
  },
});

export function victorOpsEvent(
  { messageType, monitoringTool, customFields }: Configs['victorops'],
  delivery: OutgoingMessage,
): object {
  const { message } = delivery;
  const isOver = message.status === 'resolved';
  return {
    ...Object.fromEntries(customFields),
    message_type: isOver ? 'RECOVERY' : (messageType ?? messageTypes[message.severity]),
    entity_id: dedupKey(delivery),
    entity_display_name: cut(message.title, victorOpsLimits.displayNameChars),
    state_message: plainText(message, victorOpsLimits.stateMessageChars),
    monitoring_tool: monitoringTool ?? 'Tidewaiter',
  };
}
