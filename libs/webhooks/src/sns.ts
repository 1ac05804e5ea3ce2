import { createPublicKey, verify } from 'node:crypto';

import { field, isObject, parseJson } from './hook-request.js';

/**
 * A message of Amazon SNS: its signature proves that SNS sent it, and its topic names the intended
 * receiver.
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
export interface SnsMessage {
  type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  topicArn: string;
  message: string;
  /** Fields of the body by name, among them all that are signed. */
  fields: Readonly<Record<string, unknown>>;
}

const types: ReadonlySet<unknown> = new Set(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']);

/** The envelope; null where the body has none, as under raw delivery. */
export function readSns(body: Buffer): SnsMessage | null {
  const payload = jsonOf(body);
  const [type, topicArn, message] = ['Type', 'TopicArn', 'Message'].map((name) => field(payload, name));
  if (!types.has(type) || typeof topicArn !== 'string' || typeof message !== 'string' || !isObject(payload))
    return null;
  return { type: type as SnsMessage['type'], topicArn, message, fields: payload };
}

function jsonOf(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch {
    return null;
  }
}

const signingHost = /^sns\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com(?:\.cn)?$/;

/** URL of the signature's certificate; null for any host that is not Amazon's. */
export function snsCertificateUrl({ fields }: SnsMessage): URL | null {
  const given = fields['SigningCertURL'];
  const url = typeof given === 'string' ? URL.parse(given) : null;
  const isAmazon = url?.protocol === 'https:' && url.port === '' && signingHost.test(url.hostname);
  return isAmazon && url.username === '' && url.pathname.endsWith('.pem') ? url : null;
}

const algorithms: ReadonlyMap<unknown, string> = new Map([
  ['1', 'sha1'],
  ['2', 'sha256'],
]);

/** Whether the message was signed with the key of this certificate (PEM). */
export function isSignedBy({ type, fields }: SnsMessage, certificate: string): boolean {
  const algorithm = algorithms.get(fields['SignatureVersion']);
  const signature = fields['Signature'];
  if (algorithm === undefined || typeof signature !== 'string') return false;
  const names = type === 'Notification' ? notificationFields : confirmationFields;
  const text = names
    .filter((name) => typeof fields[name] === 'string')
    .map((name) => `${name}\n${String(fields[name])}\n`)
    .join('');
  try {
    return verify(algorithm, Buffer.from(text), createPublicKey(certificate), Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

// In the order in which they are signed. A subject is only present when the sender gave one.
const notificationFields = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const confirmationFields = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
