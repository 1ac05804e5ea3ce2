import { sampleDelivery } from '../../samples/outgoing-messages.js';
import { postableAlert } from './render.js';

describe('postableAlert', () => {
  it('identifies an alert by labels that do not change while it fires', () => {
    const now = new Date('2026-01-02T00:00:00Z');
    const alert = {
      identity: 'x',
      labels: { rule: 'CVE-1', severity: 'high', new: 'true', repository: 'shop/app' },
      annotations: { summary: 'CVE-1 in openssl' },
      status: 'firing' as const,
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: null,
    };
    const posted = {
      labels: { alertname: 'CVE-1', rule: 'CVE-1', severity: 'high', repository: 'shop/app' },
      annotations: { summary: 'CVE-1 in openssl', new: 'true' },
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: '2026-02-01T00:00:00.000Z',
      generatorURL: 'https://tidewaiter.example.com/#pushes/1',
    };
    expect(postableAlert(alert, sampleDelivery(), now)).toEqual(posted);
    const ended = { ...alert, status: 'resolved' as const, endsAt: '2026-01-01T12:00:00Z' };
    expect(postableAlert(ended, sampleDelivery(), now)).toEqual({ ...posted, endsAt: '2026-01-01T12:00:00Z' });
  });
});
