import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

import { InvalidInput } from '@tidewaiter/domain';
import { z } from 'zod';

import { type ContainmentOrder, orderSchema } from './order.js';
import { type OrderRefusal, refusal } from './refusals.js';

const payloadType = 'application/vnd.tidewaiter.containment-order.v1+json';
const maxPayloadChars = 32_768;
const maxSignatures = 4;
/** Tolerated difference of the clocks of hub and cluster, at the beginning of an order only. */
const clockSkewMs = 60_000;
/** A stolen or delayed order must not be useful for long. */
const maxValidMs = 3_600_000;

const base64 = z.base64().max(maxPayloadChars);

/** @see https://github.com/secure-systems-lab/dsse/blob/master/envelope.md */
export const envelopeSchema = z.strictObject({
  payloadType: z.literal(payloadType),
  payload: base64,
  signatures: z
    .array(z.strictObject({ keyid: z.string().max(64), sig: base64 }))
    .min(1)
    .max(maxSignatures),
});

export type OrderEnvelope = z.output<typeof envelopeSchema>;

/** Public key of a hub, with the id under which its signatures name it. */
export interface HubKey {
  id: string;
  key: KeyObject;
}

/**
 * Reads a public Ed25519 key: base64 of its SPKI in DER.
 * @throws InvalidInput `CONTAINMENT_KEY_INVALID`
 */
export function readHubKey(text: string): HubKey {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return { id: keyId(key), key };
  } catch {
    // The same answer as for a key of another kind.
  }
  throw new InvalidInput('CONTAINMENT_KEY_INVALID', 'a key of a hub is no Ed25519 public key in base64');
}

/**
 * Reads the private key of a hub: Ed25519 in PEM.
 * @throws InvalidInput `CONTAINMENT_KEY_INVALID`
 */
export function readSigningKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The parser's text may quote the key.
  }
  throw new InvalidInput('CONTAINMENT_KEY_INVALID', 'the signing key is no Ed25519 private key in PEM');
}

/** Text of the public key of a private one, for {@link readHubKey}. */
export function hubKeyText(privateKey: KeyObject): string {
  return publicKeyOf(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
}

function publicKeyOf(privateKey: KeyObject): KeyObject {
  return createPublicKey(privateKey.export({ format: 'pem', type: 'pkcs8' }));
}

/** Signs an order with the hub's private key. */
export function signOrder(order: ContainmentOrder, privateKey: KeyObject): OrderEnvelope {
  const payload = Buffer.from(JSON.stringify(order));
  const sig = sign(null, signedBytes(payload), privateKey).toString('base64');
  return {
    payloadType,
    payload: payload.toString('base64'),
    signatures: [{ keyid: keyId(publicKeyOf(privateKey)), sig }],
  };
}

/**
 * Returns the order of an envelope if a hub's key signed it for this cluster and its time has come
 * and not gone. The signature is checked before anything of the payload is read.
 */
export function verifyOrder(
  envelope: unknown,
  { keys, cluster, now }: { keys: readonly HubKey[]; cluster: string; now: number },
): ContainmentOrder | OrderRefusal {
  const read = envelopeSchema.safeParse(envelope);
  if (!read.success) return refusal('ORDER_MALFORMED', 'not a signed order');
  const payload = Buffer.from(read.data.payload, 'base64');
  const candidates = read.data.signatures.flatMap(({ keyid, sig }) =>
    keys.filter(({ id }) => id === keyid).map(({ key }) => ({ key, sig: Buffer.from(sig, 'base64') })),
  );
  if (candidates.length === 0) return refusal('KEY_UNKNOWN', 'no pinned key signed the order');
  const message = signedBytes(payload);
  if (!candidates.some(({ key, sig }) => verify(null, message, key, sig)))
    return refusal('SIGNATURE_INVALID', 'the signature does not fit the order');
  const order = parseOrder(payload);
  if (!order) return refusal('ORDER_MALFORMED', 'the signed order cannot be read');
  if (order.cluster !== cluster) return refusal('CLUSTER_WRONG', `the order is for the cluster ${order.cluster}`);
  return timeRefusal(order, now) ?? order;
}

function timeRefusal({ issuedAt, expiresAt }: ContainmentOrder, now: number): OrderRefusal | null {
  const [issued, expires] = [Date.parse(issuedAt), Date.parse(expiresAt)];
  if (expires - issued > maxValidMs) return refusal('ORDER_TOO_LONG', 'the order is valid for more than an hour');
  if (issued > now + clockSkewMs) return refusal('ORDER_FROM_FUTURE', `the order is of ${issuedAt}`);
  return now >= expires ? refusal('ORDER_EXPIRED', `the order expired at ${expiresAt}`) : null;
}

function parseOrder(payload: Buffer): ContainmentOrder | undefined {
  try {
    return orderSchema.safeParse(JSON.parse(payload.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Pre-authentication encoding of DSSE. */
function signedBytes(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
}

function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 32);
}
