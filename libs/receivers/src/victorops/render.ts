import { cut, type Severity } from '@tidewaiter/domain';

import { dedupKey } from '../dedup-key.js';
import { plainText } from '../plain-text.js';
import type { OutgoingMessage } from '../sender.js';
import type { VictorOpsConfig } from './config.js';

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

export function victorOpsEvent(
  { messageType, monitoringTool, customFields }: VictorOpsConfig,
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
