import type { Secret } from '@tidewaiter/domain';
import { z } from 'zod';

import { name, secretPair, type SecretReader } from './secret-settings.js';

/** Repositories of images that it may report; `*` stands for anything. */
const repositories = z.array(z.string().min(1)).min(1).default(['*']);

/**
 * Value of a claim, as text: YAML parses `true` and `20` as boolean and number, tokens have them as
 * strings.
 */
const claimValue = z.union([z.string().min(1), z.number(), z.boolean()], { error: 'is no text' }).transform(String);
const claimName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/, 'is no name of a claim');
/** Required claims of a token, each with its allowed values, in which `*` stands for anything. */
const claims = z
  .record(claimName, z.union([claimValue, z.array(claimValue).min(1).max(64)], { error: 'is no text and no list' }))
  .transform((read) => Object.entries(read).map(([claim, values]) => ({ claim, values: [values].flat() })));

type Claims = z.output<typeof claims>;

const issuer = z.url({ protocol: /^https?$/ });

/** Issuer of the tokens that each CI gives to its jobs. */
export const jobIssuers = {
  github: { kind: z.literal('github'), issuer: issuer.default('https://token.actions.githubusercontent.com') },
  gitlab: { kind: z.literal('gitlab'), issuer: issuer.default('https://gitlab.com') },
  oidc: { kind: z.literal('oidc'), issuer },
};

/** Tokens of an issuer that count. */
export const jobTokenShape = {
  /** `aud` claim of the tokens, which the job names when it requests one. */
  audience: z.string().min(1),
  claims,
  /** JWKS file of the issuer's keys, where they cannot be fetched. */
  keysFile: z.string().min(1).optional(),
};

const oidc = { name, repositories, ...jobTokenShape };

/**
 * Claims of each CI that identify the owner of a token. One is required, as every account of the
 * service can get tokens.
 */
const ownerClaims: Readonly<Record<string, readonly string[]>> = {
  github: ['repository', 'repository_id', 'repository_owner', 'repository_owner_id'],
  gitlab: ['project_path', 'project_id', 'namespace_path', 'namespace_id'],
};

const pipelineKinds = ['token', 'github', 'gitlab', 'oidc'] as const;

/** One of `pipelines` of tidewaiter.yaml. */
export const pipeline = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({ name, repositories, kind: z.literal('token'), ...secretPair('token') }),
      z.strictObject({ ...oidc, ...jobIssuers.github }),
      z.strictObject({ ...oidc, ...jobIssuers.gitlab }),
      z.strictObject({ ...oidc, ...jobIssuers.oidc }),
    ],
    { error: `is none of ${pipelineKinds.join(', ')}` },
  )
  .superRefine((read, context) => {
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (read.kind !== 'token') claimProblems(read.kind, read.claims).forEach((problem) => issue('claims', problem));
    else if (read.token === undefined && read.tokenFile === undefined) issue('tokenFile', 'is missing');
  });

/** Problems of claims that jobs of any account could meet. */
export function claimProblems(kind: string, asked: Claims): string[] {
  const problems: string[] = [];
  const owners = ownerClaims[kind] ?? asked.map(({ claim }) => claim);
  const isNarrow = asked.some(({ claim, values }) => owners.includes(claim) && !values.some(isAnybody));
  if (!isNarrow)
    problems.push(`says of nobody in particular whose tokens count: give ${ownerClaims[kind]?.[0] ?? 'one'}`);
  // `repo:acme/app:*` also matches a pull request from a fork.
  if (asked.some(({ claim, values }) => claim === 'sub' && values.some((value) => value.includes('*'))))
    problems.push('sub takes no *: ask for the claims that it is made of');
  return problems;
}

function isAnybody(pattern: string): boolean {
  return pattern.startsWith('*');
}

/** CI and claims whose tokens are accepted. */
export interface TokenIssuer {
  ci: 'github' | 'gitlab' | 'oidc';
  issuer: string;
  audience: string;
  claims: Claims;
  /** JWKS text. */
  keys?: string | undefined;
}

/** Issuer of the tokens that settings describe. */
export function tokenIssuer(
  read: { kind: TokenIssuer['ci']; issuer: string; audience: string; claims: Claims; keysFile?: string | undefined },
  at: string,
  secrets: SecretReader,
): TokenIssuer {
  const keys = secrets.text(`${at}.keysFile`, read.keysFile);
  return { ci: read.kind, issuer: read.issuer, audience: read.audience, claims: read.claims, keys };
}

/** A pipeline that may report images. */
export interface PipelineSettings {
  name: string;
  kind: (typeof pipelineKinds)[number];
  repositories: string[];
  /** Its authentication: a shared token, or tokens of an issuer. */
  proof: { token: Secret } | TokenIssuer;
}

/** Settings of a pipeline; empty when a problem was recorded. */
export function pipelineSettings(
  read: z.output<typeof pipeline>,
  at: string,
  secrets: SecretReader,
): PipelineSettings | [] {
  const { name: called, kind, repositories: spoken } = read;
  if (read.kind !== 'token') return { name: called, kind, repositories: spoken, proof: tokenIssuer(read, at, secrets) };
  const token = secrets.read(`${at}.token`, read.token, read.tokenFile);
  return token ? { name: called, kind, repositories: spoken, proof: { token } } : [];
}
