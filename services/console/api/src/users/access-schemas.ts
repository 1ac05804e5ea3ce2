import { limitingScopes, roles } from '@tidewaiter/domain';
import { accessScopeShape } from '@tidewaiter/runtime';
import { z } from 'zod';

import { text, time } from '../http/fields.js';

const role = z.enum(roles);
/** Parts of the fleet; the account sees all that one of them holds. */
const scopes = z.array(z.object(accessScopeShape));

/** One that limits nothing lifts the others. */
const scopesBody = z.array(z.strictObject(accessScopeShape)).min(1).max(50).transform(limitingScopes);

const kind = z.enum(['user', 'service-account']);

export const meAnswer = z.object({
  kind,
  /** Name under which acts are recorded. */
  name: z.string(),
  role,
  /** Parts of the fleet to which the caller is limited; null without limits. */
  scopes: scopes.nullable(),
  /** Null for a call with a token. */
  session: z
    .object({
      id: z.uuid(),
      /** End however much it is used. */
      expiresAt: time,
    })
    .nullable(),
});

export const userAnswer = z.object({
  id: z.uuid(),
  /** Issuer of OpenID Connect; `local` for the administrator of the setup link. */
  issuer: z.string(),
  subject: z.string(),
  name: z.string(),
  email: text,
  /** Role in effect; null for a user who has lost every role. */
  role: role.nullable(),
  /** Role by the groups of the last sign-in. */
  groupRole: role.nullable(),
  /** Role that an administrator has assigned in its place. */
  assignedRole: role.nullable(),
  /** Limits in effect: those of the role. */
  scopes: scopes.nullable(),
  groupScopes: scopes.nullable(),
  assignedScopes: scopes.nullable(),
  createdAt: time,
  lastSignInAt: time.nullable(),
  disabledAt: time.nullable(),
});

export const userBody = z
  .strictObject({
    /** Role in place of that of the groups; null takes it back. */
    role: role.nullable().optional(),
    /** Limits of this role; without them it has none. */
    scopes: scopesBody.nullable().optional(),
    disabled: z.boolean().optional(),
  })
  .refine(({ role: given, scopes: limits }) => !limits || (given ?? null) !== null, {
    path: ['scopes'],
    message: 'are those of a role: give it, too',
  });

export const sessionAnswer = z.object({
  id: z.uuid(),
  kind,
  name: z.string(),
  role,
  scopes: scopes.nullable(),
  /** Address that opened it. */
  address: z.string(),
  userAgent: z.string(),
  createdAt: time,
  /** To a minute. */
  lastUsedAt: time,
  expiresAt: time,
});

const accountName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/, 'use up to 100 of a-z, 0-9, dot, dash, underscore and @');

export const serviceAccountBody = z.strictObject({
  name: accountName,
  role,
  /** Without them it has no limits. */
  scopes: scopesBody.nullable().optional(),
});

/** Keys that are left out stay as they are. */
export const serviceAccountChangeBody = z.strictObject({
  role: role.optional(),
  /** Null for none. */
  scopes: scopesBody.nullable().optional(),
});

export const serviceAccountAnswer = z.object({
  id: z.uuid(),
  name: z.string(),
  role,
  scopes: scopes.nullable(),
  createdAt: time,
});

export const tokenBody = z.strictObject({
  /** Name of the token; that of its account unless given. */
  name: accountName.optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});

export const newTokenAnswer = z.object({
  name: z.string(),
  /** Shown only now. */
  token: z.string(),
});

export const tokenAnswer = z.object({
  id: z.uuid(),
  name: z.string(),
  /** Name of its service account. */
  account: z.string(),
  role,
  scopes: scopes.nullable(),
  createdAt: time,
  expiresAt: time.nullable(),
  /** To an hour. */
  lastUsedAt: time.nullable(),
});
