import { Secret } from '@tidewaiter/domain';
import type { RegistrySettings } from '@tidewaiter/runtime';
import { registryKind, type RegistryKind } from '@tidewaiter/webhooks';

import { Connections } from './connections.js';

const kindOf = (name: string): RegistryKind => registryKind(name)!;
const registry = (more: Partial<RegistrySettings>): RegistrySettings => ({
  name: 'main',
  kind: kindOf('distribution'),
  url: 'https://registry.example.com',
  allowUnauthenticated: false,
  allowPrivate: false,
  reconcile: { intervalMs: 0, repositories: [], pauseMs: 0, newest: 0 },
  mirrors: [],
  insecureSkipVerify: false,
  ...more,
});
const sensor = {
  name: 'main',
  kind: 'falco',
  cluster: 'eu1',
  silentAfterMs: null,
  allowUnauthenticated: false,
} as const;

const fingerprintKey = Buffer.alloc(32);
const noKeys = { get: async () => Promise.reject(new Error('keys requested')) };

const request = (authorization?: string) => ({ headers: { authorization }, body: Buffer.from('{}'), query: {} });

describe('Connections', () => {
  it('distinguishes a registry and a sensor of the same name', () => {
    const connections = new Connections(
      { registries: [registry({})], sensors: [sensor], pipelines: [] },
      noKeys,
      fingerprintKey,
    );
    expect([...connections].map(({ id, kind }) => [id, kind])).toEqual([
      ['registry/main', 'distribution'],
      ['runtime/main', 'falco'],
    ]);
    expect(connections.get('main')).toBeUndefined();
    expect(connections.get('registry/constructor')).toBeUndefined();
  });

  it('finds a kind by its alias', () => {
    const connections = new Connections(
      { registries: [registry({ kind: kindOf('github') })], sensors: [], pipelines: [] },
      noKeys,
      fingerprintKey,
    );
    expect(connections.get('registry/main')?.kind).toBe('ghcr');
  });

  const webhookSecret = new Secret('s3cret');

  it.each([
    ['no secret', {}, 'Bearer s3cret', false, true],
    ['no secret, and none needed', { allowUnauthenticated: true }, undefined, true, false],
    ['a secret, and it is right', { webhookSecret }, 'Bearer s3cret', true, false],
    ['a secret, and it is wrong', { webhookSecret }, 'Bearer other', false, false],
    ['a secret, and it is missing', { webhookSecret }, undefined, false, false],
    // A configured secret is always checked, even where none is required.
    ['a secret, and none needed', { webhookSecret, allowUnauthenticated: true }, undefined, false, false],
  ])('opens with %s', async (_, settings, authorization, isAuthentic, isClosed) => {
    const connections = new Connections(
      { registries: [registry(settings)], sensors: [], pipelines: [] },
      noKeys,
      fingerprintKey,
    );
    const connection = connections.registry('registry/main');
    await expect(connection?.isAuthentic(request(authorization))).resolves.toBe(isAuthentic);
    expect(connection?.isClosed).toBe(isClosed);
  });

  it('needs no secret if the sender signs, and refuses any other sender', async () => {
    const sns = { topicArn: 'arn:aws:sns:eu-west-1:123456789012:images', certificate: 'none' };
    const connections = new Connections(
      { registries: [registry({ kind: kindOf('ecr'), sns })], sensors: [], pipelines: [] },
      noKeys,
      fingerprintKey,
    );
    const connection = connections.registry('registry/main');
    expect(connection?.isClosed).toBe(false);
    await expect(connection?.isAuthentic(request())).resolves.toBe(false);
  });
});
