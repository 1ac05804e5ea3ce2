import type { Observation, ObservedRequest } from '@tidewaiter/domain';

import type { AccessKey } from './facts.js';

const serviceAccount = /^system:serviceaccount:([^:]+:[^:]+)$/;
const assumedRole = /:assumed-role\/([^/]+)\//;
const iamUser = /:user\/(?:.*\/)?([^/]+)$/;

/** What policies may call the one who makes a call, the most telling name first: `namespace:name`, a key's id, a role. */
export function identitiesOf({ user, accessKeyId }: ObservedRequest): string[] {
  const account = serviceAccount.exec(user ?? '')?.[1];
  const role = (assumedRole.exec(user ?? '') ?? iamUser.exec(user ?? ''))?.[1];
  // A role is used under a new key each hour (ASIA…): its name is what stays.
  const isPassing = accessKeyId?.startsWith('ASIA') ?? true;
  return [account, isPassing ? null : accessKeyId, role, user, accessKeyId].filter((name) => !!name) as string[];
}

/** The key that signed the call of an observation, with the fingerprint under which images are known that hold it. */
export function accessKeyOf({ request, secrets = [] }: Pick<Observation, 'request' | 'secrets'>): AccessKey | null {
  const id = request?.accessKeyId;
  if (!id) return null;
  return { id, fingerprint: secrets.find(({ masked }) => masked === id)?.fingerprint ?? null };
}

/** The program of a user agent without its version: `kubectl` of `kubectl/v1.31.0 (linux/amd64)`. */
export function clientOf(userAgent: string | null): string | null {
  const program = userAgent?.split(/[/\s(]/, 1)[0]?.toLowerCase();
  return program ? program.slice(0, 128) : null;
}

/** What people and their scripts call with. A controller is a program of its own, or made with a library for controllers. */
const toolOfPeople =
  /^(kubectl|curl|wget|python.*|httpx|aiohttp|go-http-client|java|okhttp|mozilla|axios|node|node-fetch|undici|ruby|perl|libwww-perl|k9s|lens|helm|httpie|openapi-generator|rest-client|)$/;
const controllerLibrary = /^(manager|fabric8-kubernetes-client|kopf|operator.*|.*-(operator|controller|manager))$/;
const controllerAccount = /(^|[-:])(operator|controller|controllers|manager)(-|$)/;

/** Whether a service account calls with the program of a controller that has its name, or is called one and uses a library for them. */
export function isOwnProgram({ user, userAgent }: ObservedRequest): boolean {
  const account = serviceAccount.exec(user ?? '')?.[1];
  const client = clientOf(userAgent);
  if (!account || client === null || toolOfPeople.test(client)) return false;
  const name = account.slice(account.indexOf(':') + 1);
  return isNamedAlike(client, name) || (controllerAccount.test(name) && controllerLibrary.test(client));
}

/** `velero-server` is of `velero`; short names are in everything. */
function isNamedAlike(client: string, name: string): boolean {
  const [longer, shorter] = client.length > name.length ? [client, name] : [name, client];
  return shorter.length >= 4 && `-${longer}-`.includes(`-${shorter}-`);
}
