import { longText, sampleDelivery } from '../../samples/outgoing-messages.js';
import { maxIncidentioBytes, incidentioPayload } from './render.js';

describe('incidentioPayload', () => {
  it('sends as many alerts as fit and counts the rest', () => {
    const alert = {
      identity: 'x',
      labels: { rule: longText },
      annotations: {},
      status: 'firing' as const,
      startsAt: '',
      endsAt: null,
    };
    const outgoing = { ...sampleDelivery(), alerts: Array.from({ length: 100 }, () => alert) };
    const payload = incidentioPayload(outgoing, 0) as { alerts: unknown[]; truncatedAlerts: number };
    expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThanOrEqual(maxIncidentioBytes);
    expect(payload).toMatchObject({ version: '1', groupKey: outgoing.groupKey, status: 'firing' });
    expect(payload.alerts.length).toBeGreaterThan(0);
    expect(payload.alerts.length + payload.truncatedAlerts).toBe(100);
    expect(incidentioPayload(outgoing, 2)).toMatchObject({ truncatedAlerts: 98 });
  });
});
