import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import type { EntryRules } from '../entry-kind.js';

/** Registries. One that cannot be read gets no webhooks, which their senders repeat. */
export const registryEntries: EntryRules = {
  secretKeys: ['webhookSecret', 'password', 'token'],
  destination: ({ mirrors = [], redeliver = {}, ...registry }) => [
    hostOf(registry),
    hostOf(redeliver as JsonObject),
    Array.isArray(mirrors) ? mirrors.map((mirror) => hostOf(mirror as JsonObject)) : [],
  ],
  fileOnly: {},
  standIn: () => undefined,
};

/** Address to which the secrets of a host go, and the proof of its identity. */
function hostOf({
  url = null,
  tokenHost = null,
  caFile = null,
  insecure = false,
  insecureSkipVerify = false,
}: JsonObject): JsonValue {
  return { url, tokenHost, caFile, insecure, insecureSkipVerify };
}
