import {
  type AccessRole,
  type AccessScope,
  limitableRoles,
  limitingScopes,
  roles,
  type ScopeDimension,
  type Secret,
} from '@tidewaiter/domain';
import { z } from 'zod';

import { claimProblems, jobIssuers, jobTokenShape, type TokenIssuer, tokenIssuer } from './pipeline-settings.js';
import { duration } from './registry-settings.js';
import { name, secretPair, type SecretReader } from './secret-settings.js';

const day = 86_400_000;

const limitOf = (days: number) =>
  duration.refine((ms) => ms >= 60_000 && ms <= days * day, `must be from 1m to ${days}d`);

const pattern = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[^\p{C}]+$/u, 'must have no control characters');
const patterns = z.array(pattern).max(100).default([]);

/** Part of the fleet, in settings and in the API; `*` matches any characters. */
export const accessScopeShape = {
  /** `shop/*`, with or without the registry. */
  repositories: patterns,
  clusters: patterns,
  namespaces: patterns,
  /** Owners by the rules of the settings and by labels of namespaces. */
  owners: patterns,
} satisfies Record<ScopeDimension, z.ZodType>;

const groupRole = z
  .strictObject({ group: z.string().min(1), role: z.enum(roles), ...accessScopeShape })
  .refine(({ role, ...scope }) => limitableRoles.includes(role) || limitingScopes([scope]) === null, {
    path: ['role'],
    message: `has no limits: only ${limitableRoles.join(', ')} may`,
  });

const oidc = z
  .strictObject({
    /** URL under which the provider publishes `/.well-known/openid-configuration`. */
    issuer: z.url({ protocol: /^https?$/ }),
    clientId: z.string().min(1),
    ...secretPair('clientSecret'),
    scopes: z.array(z.string().regex(/^[!#-[\]-~]+$/)).default(['openid', 'profile', 'email']),
    /** Claim with the groups of a user; a dot leads into an object, as in `realm_access.roles`. */
    groupsClaim: z.string().min(1).default('groups'),
    /** The highest role of a user counts, with the limits of all groups that give it. */
    roles: z.array(groupRole).default([]),
    /** Role of users in none of these groups; without it they are refused. */
    defaultRole: z.enum(roles).optional(),
    /** Difference of the clocks that is tolerated. */
    clockSkew: duration.refine((ms) => ms <= 600_000, 'must be 10m or less').default(30_000),
    /** Whether the issuer's own host may be private, and its URL `http`. */
    allowPrivate: z.boolean().default(false),
  })
  .refine(({ issuer, allowPrivate }) => allowPrivate || issuer.startsWith('https:'), {
    path: ['issuer'],
    message: 'must be https, unless allowPrivate is set',
  })
  .refine(({ scopes }) => scopes.includes('openid'), { path: ['scopes'], message: 'must have openid' });

const job = {
  name,
  ...jobTokenShape,
  role: z.enum(['gate', 'viewer']).default('gate'),
  /** Time after which the token is over. */
  lifetime: duration.refine((ms) => ms >= 60_000 && ms <= 3_600_000, 'must be from 1m to 1h').default(15 * 60_000),
  ...accessScopeShape,
};

/** CI whose jobs get tokens of the console for those of their CI. */
const ci = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...job, ...jobIssuers.github }),
    z.strictObject({ ...job, ...jobIssuers.gitlab }),
    z.strictObject({ ...job, ...jobIssuers.oidc }),
  ])
  .superRefine(({ kind, claims }, context) => {
    for (const message of claimProblems(kind, claims)) context.addIssue({ code: 'custom', path: ['claims'], message });
  });

export const access = z
  .strictObject({
    sessions: z
      .strictObject({
        /** Time without a request after which a session is over. */
        idle: limitOf(30).default(12 * 3_600_000),
        /** Time after which a session is over however much it is used. */
        absolute: limitOf(90).default(7 * day),
      })
      .prefault({}),
    oidc: oidc.optional(),
    ci: z.array(ci).max(100).default([]),
  })
  .prefault({});

/** Provider of OpenID Connect at which users sign in. */
export interface OidcSettings {
  issuer: string;
  clientId: string;
  /** Undefined for a public client. */
  clientSecret: Secret | undefined;
  scopes: string[];
  groupsClaim: string;
  roles: ({ group: string; role: AccessRole } & AccessScope)[];
  defaultRole: AccessRole | undefined;
  clockSkewMs: number;
  allowPrivate: boolean;
}

/** CI whose jobs get tokens of the console. */
export interface CiAccess {
  name: string;
  trusted: TokenIssuer;
  role: 'gate' | 'viewer';
  scope: AccessScope;
  lifetimeMs: number;
}

/** Sign-in to the console, and time limits of its sessions. */
export interface AccessSettings {
  sessions: { idleMs: number; absoluteMs: number };
  /** Undefined without a provider: tokens and the setup link are the only ways in. */
  oidc: OidcSettings | undefined;
  ci: CiAccess[];
}

export function accessSettings(
  { sessions, oidc: given, ci: jobs }: z.output<typeof access>,
  reader: SecretReader,
): AccessSettings {
  return {
    sessions: { idleMs: sessions.idle, absoluteMs: sessions.absolute },
    oidc: given && oidcSettings(given, reader),
    ci: jobs.map(({ name: called, role, lifetime, repositories, clusters, namespaces, owners, ...issuer }, index) => ({
      name: called,
      trusted: tokenIssuer(issuer, `access.ci[${index}]`, reader),
      role,
      scope: { repositories, clusters, namespaces, owners },
      lifetimeMs: lifetime,
    })),
  };
}

function oidcSettings(given: z.output<typeof oidc>, reader: SecretReader): OidcSettings {
  const { clientSecret, clientSecretFile, clockSkew, defaultRole, ...rest } = given;
  return {
    ...rest,
    defaultRole,
    clockSkewMs: clockSkew,
    clientSecret: reader.read('access.oidc.clientSecret', clientSecret, clientSecretFile),
  };
}
