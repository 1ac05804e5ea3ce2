import { sampleDelivery } from '../samples/outgoing-messages.js';
import { ocsfEvents } from './ocsf.js';

const entry = (action: string, labels: Record<string, string> = {}) => {
  const alert = {
    identity: 'audit/7',
    labels: { kind: 'audit', number: '7', action, actor: 'ann', subject: 'ci', address: '192.0.2.1', ...labels },
    annotations: { summary: `ann: ${action} ci`, details: '{"before":null,"after":{"role":"gate"}}' },
    status: 'firing' as const,
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: null,
  };
  return ocsfEvents({ ...sampleDelivery(), alerts: [alert] })[0];
};

describe('auditEvent', () => {
  it('writes a change by the API with its caller, object and details', () => {
    expect(entry('silence.created')).toEqual({
      ...{ activity_id: 1, activity_name: 'Create', category_uid: 6, category_name: 'Application Activity' },
      ...{ class_uid: 6003, class_name: 'API Activity', type_uid: 600_301, time: Date.parse('2026-01-01T00:00:00Z') },
      ...{ severity_id: 1, severity: 'Informational', status_id: 1, status: 'Success' },
      message: 'ann: silence.created ci',
      metadata: expect.objectContaining({ uid: 'd1-0', version: '1.6.0' }),
      actor: { user: { name: 'ann' } },
      src_endpoint: { ip: '192.0.2.1' },
      api: { operation: 'silence.created', service: { name: 'Tidewaiter' } },
      resources: [{ name: 'ci', type: 'silence' }],
      unmapped: {
        ...{ number: '7', action: 'silence.created', subject: 'ci' },
        details: { before: null, after: { role: 'gate' } },
      },
    });
  });

  // Required attributes: https://schema.ocsf.io/1.6.0/classes/authentication and account_change.
  it.each([
    ['sign-in.succeeded', { class_uid: 3002, activity_id: 1, status_id: 1, user: { name: 'ann' } }],
    ['sign-in.failed', { class_uid: 3002, activity_id: 1, status_id: 2, severity_id: 2 }],
    ['ci-token.refused', { class_uid: 3002, status_id: 2, service: { name: 'Tidewaiter' } }],
    ['session.signed-out', { class_uid: 3002, activity_id: 2, status_id: 1 }],
    ['token.revoked', { class_uid: 3001, activity_id: 6, user: { name: 'ci' }, actor: { user: { name: 'ann' } } }],
    ['user.changed', { class_uid: 3001, activity_id: 99, activity_name: 'changed' }],
    ['push.retried', { class_uid: 6003, activity_id: 99, api: { operation: 'push.retried' } }],
    ['a new action', { class_uid: 6003, activity_id: 99 }],
  ])('classifies %s', (action, expected) => {
    const event = entry(action);
    expect(event).toMatchObject(expected);
    expect(event).toMatchObject({ type_uid: event!.class_uid * 100 + Number(event!['activity_id']) });
  });

  it('names the machine of an act without an address', () => {
    expect(entry('token.created', { actor: 'cli:root', address: '' })).toMatchObject({
      src_endpoint: { name: 'cli:root' },
    });
  });
});
