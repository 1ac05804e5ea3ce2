import { Injectable } from '@nestjs/common';
import type { Alert } from '@tidewaiter/domain';
import type { Message } from '@tidewaiter/messages';
import { AuditEntries, type AuditEntryRow } from '@tidewaiter/store';

/** Reads the entries of the audit log that deliveries name. */
@Injectable()
export class AuditAlerts {
  constructor(private readonly entries: AuditEntries) {}

  /** Alerts with the content of their entries; other alerts stay as they are. */
  async read(alerts: readonly Alert[]): Promise<Alert[]> {
    const numbers = alerts.flatMap((alert) => numberOf(alert) ?? []);
    const entries = new Map((await this.entries.withNumbers(numbers)).map((entry) => [entry.number, entry]));
    return alerts.map((alert) => {
      const entry = entries.get(numberOf(alert) ?? 0);
      return entry ? readEntry(alert, entry) : alert;
    });
  }
}

/** An entry as an alert that holds its number only. */
export function unreadEntry(number: number, at: string): Alert {
  const labels = { kind: 'audit', number: String(number) };
  return { identity: `audit/${number}`, labels, annotations: {}, status: 'firing', startsAt: at, endsAt: null };
}

function numberOf({ labels }: Alert): number | undefined {
  return labels['kind'] === 'audit' ? Number(labels['number']) : undefined;
}

function readEntry(alert: Alert, { at, actor, action, subject, address, details }: AuditEntryRow): Alert {
  return {
    ...alert,
    labels: { ...alert.labels, actor, action, subject, ...(address !== null && { address }) },
    annotations: { summary: `${actor}: ${action} ${subject}`, details: JSON.stringify(details) },
    startsAt: at.toISOString(),
  };
}

/** Message of the delivery, which only lists of deliveries show. */
export function auditMessage(number: number, consoleUrl: string): Message {
  return {
    ...{ kind: 'summary', status: 'firing', severity: 'unknown', title: `Audit log, entry ${number}`, summary: '' },
    ...{ facts: [], sections: [], footer: '' },
    links: [{ text: 'Audit log', url: `${consoleUrl}/system/audit` }],
  };
}
