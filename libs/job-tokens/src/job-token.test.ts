import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Unavailable } from '@tidewaiter/domain';
import type { TokenIssuer } from '@tidewaiter/runtime';
import { describeWith, sharedData } from '@tidewaiter/testkit';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

import { ciKind, ciKinds } from './ci/ci-kinds.js';
import { verifiedClaims } from './job-token.js';

const issuer = 'https://token.actions.githubusercontent.com';
const audience = 'https://tidewaiter.example.com';
const trusted: TokenIssuer = {
  ci: 'github',
  issuer,
  audience,
  claims: [
    { claim: 'repository', values: ['acme/*'] },
    { claim: 'ref', values: ['refs/heads/main', 'refs/tags/*'] },
  ],
};
const github = ciKind('github')!;
const job = {
  repository: 'acme/app',
  ref: 'refs/heads/main',
  event_name: 'push',
  sub: 'repo:acme/app:ref:refs/heads/main',
};

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let pair: Pair;
let otherPair: Pair;

beforeAll(async () => {
  [pair, otherPair] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
});

const now = () => Math.floor(Date.now() / 1000);
const tokenOf = async (claims: JWTPayload = {}, { key = pair, kid = 'k1' }: { key?: Pair; kid?: string } = {}) =>
  new SignJWT({ iss: issuer, aud: audience, iat: now(), exp: now() + 300, ...job, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(key.privateKey);

/** An issuer whose newest keys are seen by who does not take old ones. */
const issuerOf = async (...kids: string[][]) => {
  const asked: string[] = [];
  const key = await exportJWK(pair.publicKey);
  let turn = 0;
  return {
    asked,
    async get({ href }: URL, maxAgeMs?: number): Promise<string> {
      asked.push(maxAgeMs === undefined ? href : `${href} <${maxAgeMs}`);
      if (href === `${issuer}/.well-known/openid-configuration`)
        return JSON.stringify({ issuer, jwks_uri: `${issuer}/.well-known/jwks` });
      if (maxAgeMs !== undefined) turn += 1;
      return JSON.stringify({ keys: (kids[turn] ?? kids.at(-1) ?? []).map((kid) => ({ ...key, kid, use: 'sig' })) });
    },
  };
};

const isKnown = async (token: string, settings: Partial<TokenIssuer> = {}) =>
  (await verifiedClaims(token, github, { ...trusted, ...settings }, await issuerOf(['k1']))) !== null;

it('accepts the token of a job that the settings allow', async () => {
  await expect(isKnown(await tokenOf())).resolves.toBe(true);
  await expect(isKnown(await tokenOf({ ref: 'refs/tags/v1' }))).resolves.toBe(true);
});

it.each<[string, JWTPayload]>([
  ['of another issuer', { iss: 'https://token.actions.githubusercontent.com/evil' }],
  ['for another audience', { aud: 'https://other.example.com' }],
  ['that is over', { exp: 1 }],
  ['that never ends', { exp: undefined }],
  ['that is not yet', { nbf: now() + 3600 }],
  ['of another repository', { repository: 'acme-evil/app' }],
  ['of another branch', { ref: 'refs/heads/feature' }],
  ['of a tag that looks like a branch', { ref: 'x/refs/tags/v1' }],
  ['of a job that a pull request made run', { event_name: 'pull_request' }],
  ['of a job that a pull request from outside made run', { event_name: 'pull_request_target' }],
  ['whose claim is a list', { repository: ['acme/app'] }],
  ['without the claim', { repository: undefined }],
])('refuses one %s', async (_, claims) => {
  await expect(isKnown(await tokenOf(claims))).resolves.toBe(false);
});

it('accepts jobs of pull requests if the settings name their event', async () => {
  const claims = [...trusted.claims, { claim: 'event_name', values: ['pull_request'] }];
  await expect(isKnown(await tokenOf({ event_name: 'pull_request' }), { claims })).resolves.toBe(true);
  await expect(isKnown(await tokenOf(), { claims })).resolves.toBe(false);
});

it('refuses an unsigned token and one of another signer', async () => {
  const [header, payload] = [{ alg: 'none' }, { iss: issuer, aud: audience, exp: now() + 300, ...job }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  await expect(isKnown(`${header}.${payload}.`)).resolves.toBe(false);
  await expect(isKnown(await tokenOf({}, { key: otherPair }))).resolves.toBe(false);
  for (const text of ['', 'a', 'a.b.c', '..', 'e30.e30.e30']) await expect(isKnown(text)).resolves.toBe(false);
});

it('refuses a token whose secret is the public key', async () => {
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(pair.publicKey)));
  const token = await new SignJWT({ iss: issuer, aud: audience, iat: now(), exp: now() + 300, ...job })
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .sign(secret);
  await expect(isKnown(token)).resolves.toBe(false);
});

describe('an unknown key', () => {
  it('is searched for once more in keys of the last minute', async () => {
    const keys = await issuerOf(['k1'], ['k1', 'k2']);
    await expect(verifiedClaims(await tokenOf({}, { kid: 'k2' }), github, trusted, keys)).resolves.toMatchObject(job);
    expect(keys.asked.at(-1)).toBe(`${issuer}/.well-known/jwks <60000`);
    expect(keys.asked).toHaveLength(4);
  });

  it('is refused if it is still missing', async () => {
    const keys = await issuerOf(['k1']);
    await expect(verifiedClaims(await tokenOf({}, { kid: 'k9' }), github, trusted, keys)).resolves.toBeNull();
    expect(keys.asked).toHaveLength(4);
  });

  it('is not fetched if the keys are in a file', async () => {
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1' }] });
    const noKeys = { get: async () => Promise.reject(new Error('keys requested')) };
    const settings = { ...trusted, keys };
    await expect(verifiedClaims(await tokenOf({}, { kid: 'k9' }), github, settings, noKeys)).resolves.toBeNull();
    await expect(verifiedClaims(await tokenOf(), github, settings, noKeys)).resolves.toMatchObject(job);
  });
});

it.each([
  ['is no JSON', 'x'],
  ['is of another issuer', JSON.stringify({ issuer: 'https://evil.example.com', jwks_uri: `${issuer}/jwks` })],
  ['names no keys', JSON.stringify({ issuer })],
  ['names keys on an unsafe way', JSON.stringify({ issuer, jwks_uri: 'http://keys.example.com' })],
])('is unavailable when the configuration of the issuer %s', async (_, text) => {
  const keys = { get: async () => text };
  await expect(verifiedClaims(await tokenOf(), github, trusted, keys)).rejects.toThrow(Unavailable);
});

it('is unavailable when a key is broken', async () => {
  const keys = JSON.stringify({ keys: [null, { kty: 'RSA', kid: 'k1', n: '!', e: '' }] });
  await expect(isKnown(await tokenOf(), { keys })).rejects.toThrow(Unavailable);
});

it('has every CI once, as the settings name them', () => {
  expect(ciKinds.map(({ ci }) => ci)).toEqual(['github', 'gitlab', 'oidc']);
  expect(ciKind('constructor')).toBeUndefined();
});

it.each([
  ['https://token.actions.githubusercontent.com', 'https://github.com'],
  ['https://token.actions.acme.ghe.com', 'https://acme.ghe.com'],
  ['https://git.example.com/_services/token', 'https://git.example.com'],
])('derives the source repository from a token of %s', (from, server) => {
  expect(github.run({ repository: 'a/b', run_id: '1', run_attempt: '2' }, from)).toMatchObject({
    source: `${server}/a/b`,
    url: `${server}/a/b/actions/runs/1/attempts/2`,
  });
});

const shared = sharedData('fixtures/ci/oidc');

describeWith(shared)('tokens of others', () => {
  const text = (path: string) => readFileSync(join(shared.path, path), 'utf8').trim();
  const noKeys = { get: async () => Promise.reject(new Error('keys requested')) };
  const ofGithub = (): TokenIssuer => ({
    ci: 'github',
    issuer,
    audience: 'https://plimsoll.example.com',
    claims: [{ claim: 'repository', values: ['octo-org/octo-repo'] }],
    keys: text('github-actions/jwks.json'),
  });

  it('are accepted', async () => {
    const claims = await verifiedClaims(text('github-actions/token.jwt'), github, ofGithub(), noKeys);
    expect(claims && github.run(claims, issuer)).toEqual({
      url: 'https://github.com/octo-org/octo-repo/actions/runs/9876543210/attempts/2',
      id: '9876543210',
      attempt: '2',
      workflow: 'release',
      actor: 'octocat',
      source: 'https://github.com/octo-org/octo-repo',
      revision: '6c62fb45fe66bfb1ea9a66abc38f6a0cc974292b',
      ref: 'refs/heads/main',
    });
    const gitlab = ciKind('gitlab')!;
    const ofGitlab: TokenIssuer = {
      ci: 'gitlab',
      issuer: 'https://gitlab.example.com',
      audience: 'https://plimsoll.example.com',
      claims: [{ claim: 'project_path', values: ['my-group/*'] }],
      keys: text('gitlab/jwks.json'),
    };
    const those = await verifiedClaims(text('gitlab/token.jwt'), gitlab, ofGitlab, noKeys);
    expect(those && gitlab.run(those, ofGitlab.issuer)).toMatchObject({
      url: 'https://gitlab.example.com/my-group/my-project/-/pipelines/574',
      actor: 'sample-user',
      revision: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      ref: 'refs/heads/main',
    });
  });

  it.each(['alg-none', 'expired', 'pull-request', 'wrong-audience'])('are refused: %s', async (name) => {
    const token = text(`github-actions/token-${name}.jwt`);
    await expect(verifiedClaims(token, github, ofGithub(), noKeys)).resolves.toBeNull();
  });
});
