import { Injectable } from '@nestjs/common';
import type { Alert } from '@tidewaiter/domain';
import type { OutgoingMessage } from '@tidewaiter/receivers';

import { StoredImages } from '../images/stored-images.js';
import { ReportAttachments } from '../reports/report-attachments.js';
import { AuditAlerts } from '../subjects/audit-alerts.js';

/** Contents that deliveries name, and that are read when they are sent. */
@Injectable()
export class DeliveryContents {
  constructor(
    private readonly audit: AuditAlerts,
    private readonly reports: ReportAttachments,
    private readonly images: StoredImages,
  ) {}

  async of(
    channel: string,
    stored: readonly Alert[],
  ): Promise<Pick<OutgoingMessage, 'alerts' | 'attachments' | 'image'>> {
    const alerts = await this.audit.read(stored);
    const attachments = await this.reports.of(channel, alerts);
    const image = await this.images.of(alerts);
    return { alerts, attachments, ...(image && { image }) };
  }
}
