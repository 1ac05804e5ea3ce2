import { generateKeyPairSync } from 'node:crypto';

import { containmentOrder } from '@tidewaiter/testkit';

import { isRefusal } from './refusals.js';
import { envelopeSchema, hubKeyText, readHubKey, signOrder, verifyOrder } from './signed-order.js';

const hub = generateKeyPairSync('ed25519').privateKey;
const keys = [readHubKey(hubKeyText(hub))];
const now = Date.parse('2027-03-01T10:00:00Z');
const order = containmentOrder({ issuedAt: '2027-03-01T09:59:00Z', expiresAt: '2027-03-01T10:10:00Z' });

const verified = (envelope: unknown, at = now) => {
  const result = verifyOrder(envelope, { keys, cluster: 'eu1', now: at });
  return isRefusal(result) ? result.refused : result;
};

describe('verifyOrder', () => {
  it('returns an order that a pinned key signed', () => {
    expect(verified(signOrder(order, hub))).toEqual(order);
  });

  it('survives JSON, as the order travels', () => {
    expect(verified(JSON.parse(JSON.stringify(signOrder(order, hub))))).toEqual(order);
  });

  it.each([
    ['a moment before its end', '2027-03-01T10:09:59.999Z', 'accepted'],
    ['at its end', '2027-03-01T10:10:00.000Z', 'ORDER_EXPIRED'],
    ['long after', '2028-01-01T00:00:00Z', 'ORDER_EXPIRED'],
    ['a minute early, as clocks differ', '2027-03-01T09:58:00Z', 'accepted'],
    ['two minutes early', '2027-03-01T09:56:59Z', 'ORDER_FROM_FUTURE'],
  ])('judges an order %s', (_, at, expected) => {
    const result = verified(signOrder(order, hub), Date.parse(at));
    expect(typeof result === 'string' ? result : 'accepted').toBe(expected);
  });

  it('refuses an order that is valid for longer than an hour', () => {
    const long = { ...order, expiresAt: '2027-03-01T11:00:00Z' };
    expect(verified(signOrder(long, hub))).toBe('ORDER_TOO_LONG');
  });

  it('refuses an order for another cluster', () => {
    expect(verified(signOrder({ ...order, cluster: 'eu2' }, hub))).toBe('CLUSTER_WRONG');
  });

  it('refuses another key, and another key under the id of the pinned one', () => {
    const forged = signOrder(order, generateKeyPairSync('ed25519').privateKey);
    expect(verified(forged)).toBe('KEY_UNKNOWN');
    const keyid = signOrder(order, hub).signatures[0]!.keyid;
    expect(verified({ ...forged, signatures: [{ ...forged.signatures[0]!, keyid }] })).toBe('SIGNATURE_INVALID');
  });

  it('refuses an order of which one bit was changed', () => {
    const envelope = signOrder(order, hub);
    const payload = Buffer.from(envelope.payload, 'base64');
    for (let index = 0; index < payload.length; index += 1) {
      const changed = Buffer.from(payload);
      changed[index]! ^= 1;
      expect(verified({ ...envelope, payload: changed.toString('base64') })).toBe('SIGNATURE_INVALID');
    }
  });

  it.each([
    ['nothing', null],
    ['an order without a signature', { ...signOrder(order, hub), signatures: [] }],
    ['another type of payload', { ...signOrder(order, hub), payloadType: 'application/vnd.in-toto+json' }],
    ['a key of the envelope that is not known', { ...signOrder(order, hub), more: 1 }],
    ['a payload that is too long', { ...signOrder(order, hub), payload: 'a'.repeat(40_000) }],
  ])('refuses %s as malformed', (_, envelope) => {
    expect(verified(envelope)).toBe('ORDER_MALFORMED');
  });

  it.each([
    ['a path in a name', { name: '../../../api/v1/namespaces/kube-system/secrets/x' }],
    ['dots for a name', { name: '..' }],
    ['a query in a name', { name: 'web?fieldManager=x' }],
    ['a slash in a namespace', { namespace: 'shop/pods' }],
    ['no namespace for a pod', { namespace: null }],
    ['a namespace for a node', { kind: 'Node' as const }],
    ['a kind that is not known', { kind: 'Secret' as never }],
  ])('refuses %s that the hub signed', (_, subject) => {
    expect(verified(signOrder({ ...order, subject: { ...order.subject, ...subject } }, hub))).toBe('ORDER_MALFORMED');
  });

  it('refuses an action and a field that it does not know', () => {
    expect(verified(signOrder({ ...order, action: 'exec' as never }, hub))).toBe('ORDER_MALFORMED');
    expect(verified(signOrder({ ...order, command: 'sh' } as never, hub))).toBe('ORDER_MALFORMED');
  });
});

describe('readHubKey', () => {
  it.each([
    ['text', 'no key'],
    ['an RSA key', rsaKey()],
    ['nothing', ''],
  ])('rejects %s', (_, text) => {
    expect(() => readHubKey(text)).toThrow(expect.objectContaining({ code: 'CONTAINMENT_KEY_INVALID' }));
  });

  it('names a key in its signatures', () => {
    const { signatures } = envelopeSchema.parse(signOrder(order, hub));
    expect(signatures.map(({ keyid }) => keyid)).toEqual([keys[0]!.id]);
  });
});

function rsaKey(): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}
