import type { Steps } from '@tidewaiter/collections';
import type { RuntimeSource, Secret } from '@tidewaiter/domain';
import type { PublishedKeys } from '@tidewaiter/job-tokens';
import type { SensorSettings } from '@tidewaiter/runtime';
import { type SensorRecords, sensorOf } from '@tidewaiter/sensors';
import { authorizationEquals, type HookRequest, readSns, secretEquals } from '@tidewaiter/webhooks';

import { isFromTopic } from '../http/sender-proofs.js';

/** A configured sensor. */
export interface SensorConnection {
  family: 'runtime';
  /** `runtime/falco-eu1`, as in the URL. */
  id: string;
  name: string;
  kind: RuntimeSource;
  cluster: string | null;
  silentAfterMs: number | null;
  /** Whether every request is refused. */
  isClosed: boolean;
  /** Whether headers or URL authenticate the sender: then an unauthenticated body is never read. */
  showsToken(request: Pick<HookRequest, 'headers' | 'query'>): boolean;
  /** Whether the body is signed, and authenticates the sender. */
  isSigned: boolean;
  /** @throws Unavailable when a key that it needs cannot be had now */
  isAuthentic(request: HookRequest): Promise<boolean>;
  /** Pauses after each event. @throws InvalidInput when the unpacked body is not of this kind */
  read(body: Buffer, receivedAt: string): Steps<SensorRecords>;
}

export function sensorConnection(
  settings: SensorSettings,
  keys: PublishedKeys,
  fingerprintKey: Uint8Array,
): SensorConnection {
  const { name, kind, cluster, token, sns, fields, silentAfterMs, allowUnauthenticated } = settings;
  const sensor = sensorOf(kind);
  // The settings list the same sensors; if they differ, the service must not start.
  if (!sensor) throw new Error(`the settings allow the kind ${kind}, which has no parser`);
  const isOpen = !token && !sns && allowUnauthenticated;
  const showsToken: SensorConnection['showsToken'] = (request) => (token ? carriesToken(request, token) : isOpen);
  return {
    family: 'runtime',
    id: `runtime/${name}`,
    name,
    kind,
    cluster,
    silentAfterMs,
    isClosed: !token && !sns && !allowUnauthenticated,
    showsToken,
    isSigned: sns !== undefined,
    isAuthentic: async (request) => showsToken(request) || (sns !== undefined && isFromTopic(request, sns, keys)),
    *read(body, receivedAt) {
      const source = { sensor: name, cluster, receivedAt, fingerprintKey, ...(fields && { fields }) };
      return confirmation(body) ?? (yield* sensor.steps(body, source));
    },
  };
}

const keyHeaders = ['x-api-key', 'x-webhook-secret', 'x-falco-token'];

/** In a header, where the sender can set one, else in the URL. */
function carriesToken({ headers, query }: Pick<HookRequest, 'headers' | 'query'>, token: Secret): boolean {
  return (
    authorizationEquals({ headers }, token) ||
    secretEquals(query?.['token'], token) ||
    keyHeaders.some((name) => secretEquals(headers[name], token))
  );
}

/**
 * A subscription request of SNS: an operator confirms it at Amazon, since no URL of a body is
 * followed.
 */
function confirmation(body: Buffer): SensorRecords | null {
  // Searched for before parsing, so that no other body is parsed twice.
  if (body.length > 16_384 || !body.includes('Confirmation')) return null;
  const message = readSns(body);
  if (message === null || message.type === 'Notification') return null;
  return { records: [], ignored: { 'subscription-confirmation': 1 }, dropped: 0 };
}
