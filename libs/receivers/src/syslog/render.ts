import type { OcsfEvent } from '../ocsf-event.js';
import { ocsfEvents } from '../ocsf.js';
import type { OutgoingMessage } from '../sender.js';
import type { SyslogConfig } from './config.js';

/** Severities of syslog by those of OCSF, from unknown and informational to critical. */
const severityNumbers = [5, 6, 5, 4, 3, 2] as const;

/**
 * Messages of a delivery, one for each alert, with the event in OCSF as JSON.
 * @see https://www.rfc-editor.org/rfc/rfc5424#section-6
 */
export function syslogMessages(config: SyslogConfig, delivery: OutgoingMessage): Buffer[] {
  return ocsfEvents(delivery).map((event) => Buffer.from(messageOf(config, event)));
}

function messageOf({ facility, hostname, appName }: SyslogConfig, event: OcsfEvent): string {
  const priority = facility * 8 + (severityNumbers[event.severity_id] ?? 5);
  const time = new Date(event.time).toISOString();
  // The mark says that the text is UTF-8. JSON has no line breaks.
  return `<${priority}>1 ${time} ${hostname} ${appName} - ${event.class_uid} - \uFEFF${JSON.stringify(event)}`;
}
