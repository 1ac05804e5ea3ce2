import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';

import { parseSettings } from './settings.js';

const pipelinesOf = (...lines: string[]) =>
  parseSettings(`pipelines:\n${lines.map((line) => `  - ${line}`).join('\n')}`, (path) => `text of ${path}`).pipelines;

const problemOf = (line: string): string => {
  try {
    pipelinesOf(line);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  return 'none';
};

describe('pipeline settings', () => {
  it('reads pipelines that have a token', () => {
    const [ci] = pipelinesOf('{ name: ci, kind: token, tokenFile: /run/secrets/ci }');
    expect(ci).toMatchObject({ name: 'ci', kind: 'token', repositories: ['*'] });
    expect(ci && 'token' in ci.proof && ci.proof.token.reveal()).toBe('text of /run/secrets/ci');
    expect(JSON.stringify(ci)).not.toContain('text of');
  });

  it('reads pipelines that have tokens of their CI, and knows who issues those of GitHub and GitLab', () => {
    expect(
      pipelinesOf(
        '{ name: gh, kind: github, audience: a, claims: { repository: acme/*, ref: [refs/heads/main, refs/tags/*] }, repositories: ["shop/*"] }',
        '{ name: gl, kind: gitlab, audience: a, issuer: "https://git.example.com", claims: { project_id: 20, ref_protected: true }, keysFile: jwks }',
        '{ name: other, kind: oidc, audience: a, issuer: "https://ci.example.com", claims: { sub: "job:1" } }',
      ),
    ).toEqual([
      {
        name: 'gh',
        kind: 'github',
        repositories: ['shop/*'],
        proof: {
          ci: 'github',
          issuer: 'https://token.actions.githubusercontent.com',
          audience: 'a',
          claims: [
            { claim: 'repository', values: ['acme/*'] },
            { claim: 'ref', values: ['refs/heads/main', 'refs/tags/*'] },
          ],
        },
      },
      {
        name: 'gl',
        kind: 'gitlab',
        repositories: ['*'],
        proof: {
          ci: 'gitlab',
          issuer: 'https://git.example.com',
          audience: 'a',
          claims: [
            { claim: 'project_id', values: ['20'] },
            { claim: 'ref_protected', values: ['true'] },
          ],
          keys: 'text of jwks',
        },
      },
      expect.objectContaining({ kind: 'oidc' }),
    ]);
  });

  it('reads what the documentation shows', () => {
    const page = readFileSync(join(__dirname, '../../../docs/pipelines.md'), 'utf8');
    const [, sample = ''] = /```yaml\n(pipelines:[^`]+)```/.exec(page) ?? [];
    expect(parseSettings(sample, () => 'text').pipelines.map(({ kind }) => kind)).toEqual([
      'token',
      'github',
      'gitlab',
      'oidc',
    ]);
  });

  it.each([
    ['{ name: a }', 'pipelines[0].kind: is none of token, github, gitlab, oidc'],
    ['{ name: a, kind: jenkins }', 'pipelines[0].kind: is none of token, github, gitlab, oidc'],
    ['{ name: a, kind: token }', 'pipelines[0].tokenFile: is missing'],
    ['{ name: a, kind: token, token: x, tokenFile: y }', 'pipelines[0].token: give the value or the file, not both'],
    ['{ name: a, kind: token, token: x, audience: y }', 'pipelines[0].audience: unknown key'],
    ['{ name: a, kind: github, claims: { repository: b/c } }', 'pipelines[0].audience: '],
    ['{ name: a, kind: github, audience: x }', 'pipelines[0].claims: '],
    ['{ name: a, kind: github, audience: x, claims: {} }', 'whose tokens count: give repository'],
    ['{ name: a, kind: github, audience: x, claims: { ref: refs/heads/main } }', 'whose tokens count: give repository'],
    ['{ name: a, kind: github, audience: x, claims: { repository: "*/app" } }', 'whose tokens count: give repository'],
    [
      '{ name: a, kind: github, audience: x, claims: { repository: [b/c, "*"] } }',
      'whose tokens count: give repository',
    ],
    ['{ name: a, kind: gitlab, audience: x, claims: { repository: b/c } }', 'whose tokens count: give project_path'],
    ['{ name: a, kind: oidc, audience: x, claims: { sub: b } }', 'pipelines[0].issuer: '],
    ['{ name: a, kind: oidc, audience: x, issuer: "ftp://a.example", claims: { sub: b } }', 'pipelines[0].issuer: '],
    ['{ name: a, kind: oidc, audience: x, issuer: "https://a.example", claims: {} }', 'whose tokens count: give one'],
    [
      '{ name: a, kind: github, audience: x, claims: { repository: b/c, sub: "repo:b/*" } }',
      'pipelines[0].claims: sub takes no *',
    ],
    ['{ name: a, kind: github, audience: x, claims: { repository: { a: 1 } } }', 'claims.repository: is no text'],
    ['{ name: a, kind: github, audience: x, claims: { repository: a/b, "a b": c } }', 'claims.a b'],
    ['{ name: a, kind: token, token: x, repositories: [] }', 'pipelines[0].repositories: '],
  ])('refuses %s', (line, problem) => {
    expect(problemOf(line)).toContain(problem);
  });
});
