import type { ObservedRequest } from '@tidewaiter/domain';

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

/** The program of a user agent without its version: `kubectl` of `kubectl/v1.31.0 (linux/amd64)`. */
export function clientOf(userAgent: string | null): string | null {
  const program = userAgent?.split(/[/\s(]/, 1)[0]?.toLowerCase();
  return program ? program.slice(0, 128) : null;
}
