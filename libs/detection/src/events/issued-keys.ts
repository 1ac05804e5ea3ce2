import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { Observation } from '@tidewaiter/domain';

const maxKeys = 50_000;
/** Limit on the sessions between a key and the one that it comes from: roles assume roles. */
const maxChain = 8;

const issuing = /^(?:AssumeRole|GetSessionToken|GetFederationToken|CreateAccessKey)/;

/** Keys of a cloud by the key that asked for them, from its audit log. */
export class IssuedKeys {
  readonly #issuers = new RecentMap<string>(maxKeys);

  note(observation: Observation): void {
    const issued = issuedKey(observation);
    const issuer = observation.request?.accessKeyId;
    if (issued !== undefined && issuer && observation.request!.succeeded) this.#issuers.set(issued, issuer);
  }

  /** Keys from which a key comes, the nearest first. */
  issuersOf(key: string): string[] {
    const found: string[] = [];
    let issuer = this.#issuers.get(key);
    while (issuer !== undefined && found.length < maxChain && !found.includes(issuer)) {
      found.push(issuer);
      issuer = this.#issuers.get(issuer);
    }
    return found;
  }

  snapshot(): PersistedMap<string> {
    return this.#issuers.snapshot();
  }

  restore(issuers: PersistedMap<string>): void {
    this.#issuers.restore(issuers);
  }
}

/** Key that a call issues, for a user or for the session of a role: its calls continue this one. */
export function issuedKey({ source, request, native }: Observation): string | undefined {
  if (source !== 'cloudtrail' || !issuing.test(request?.verb ?? '')) return undefined;
  return /"accessKeyId":"([^"]{1,128})"/.exec(JSON.stringify(native['responseElements'] ?? null))?.[1];
}
