import type { ContainmentAction, ContainmentSubject } from '@tidewaiter/domain';

const web: ContainmentSubject = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: null };

const order = {
  version: 1 as const,
  id: '0190c3de-0000-7000-8000-000000000001',
  cluster: 'eu1',
  action: 'isolate' as ContainmentAction,
  subject: web,
  incident: 'INC-7',
  author: 'jane',
  reason: 'a miner runs in it',
  issuedAt: '2027-03-01T10:00:00.000Z',
  expiresAt: '2027-03-01T10:15:00.000Z',
  dryRun: false,
  undoes: null as string | null,
};

/** A containment order, as a hub signs it. */
export function containmentOrder(changes: Partial<typeof order> = {}): typeof order {
  return { ...order, ...changes };
}
