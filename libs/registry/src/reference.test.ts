import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { parseReference } from './reference.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseReference', () => {
  it.each([
    ['alpine', 'docker.io', 'library/alpine', 'latest', undefined],
    ['alpine:3.20', 'docker.io', 'library/alpine', '3.20', undefined],
    ['grafana/loki', 'docker.io', 'grafana/loki', 'latest', undefined],
    ['docker.io/alpine', 'docker.io', 'library/alpine', 'latest', undefined],
    ['index.docker.io/library/alpine', 'docker.io', 'library/alpine', 'latest', undefined],
    ['registry-1.docker.io/alpine', 'docker.io', 'library/alpine', 'latest', undefined],
    ['localhost/app', 'localhost', 'app', 'latest', undefined],
    ['localhost:5000/app:1', 'localhost:5000', 'app', '1', undefined],
    ['localhost:5000/shop/app', 'localhost:5000', 'shop/app', 'latest', undefined],
    ['Host/app', 'host', 'app', 'latest', undefined],
    ['GHCR.io/org/app:V1', 'ghcr.io', 'org/app', 'V1', undefined],
    ['10.0.0.5:5000/a/b/c/d', '10.0.0.5:5000', 'a/b/c/d', 'latest', undefined],
    ['[::1]:5000/app:1', '[::1]:5000', 'app', '1', undefined],
    ['xn--7o8h.com/app', 'xn--7o8h.com', 'app', 'latest', undefined],
    [`alpine@${digest}`, 'docker.io', 'library/alpine', undefined, digest],
    [`ghcr.io/org/app:1@${digest}`, 'ghcr.io', 'org/app', '1', digest],
    ['localhost/a.b__c---d/e_f', 'localhost', 'a.b__c---d/e_f', 'latest', undefined],
  ])('parses %s', (text, host, repository, tag, digest) => {
    expect(parseReference(text)).toEqual({ host, repository, ...(tag && { tag }), ...(digest && { digest }) });
  });

  it.each([
    ['nothing', ''],
    ['a tag alone', ':1'],
    ['a digest alone', `@${digest}`],
    ['an empty tag', 'alpine:'],
    ['two tags', 'alpine:1:2'],
    ['a long tag', `alpine:${'a'.repeat(129)}`],
    ['a tag with a slash', 'alpine:../x'],
    ['capitals in the repository', 'localhost/App'],
    ['a capital name', 'Alpine'],
    ['a parent folder', 'localhost/../v2/secret'],
    ['a leading slash', '/alpine'],
    ['a trailing slash', 'localhost/app/'],
    ['a double slash', 'localhost//app'],
    ['a leading dash', 'localhost/-app'],
    ['three underscores', 'a___b'],
    ['two dots', 'a..b'],
    ['a question mark', 'localhost/app?x=1'],
    ['an escape', 'localhost/%2e%2e/app'],
    ['a space', 'localhost/app x'],
    ['a line break', 'alpine\n'],
    ['a URL', 'https://localhost/app'],
    ['a user in the host', 'user@localhost/app'],
    ['an underscore in the host', 'a_b.example/app'],
    ['a port that is none', 'localhost:port/app'],
    ['a long port', 'localhost:123456/app'],
    ['a short digest', 'alpine@sha256:abc'],
    ['a digest of capitals', `alpine@${digest.toUpperCase()}`],
    ['another algorithm', `alpine@md5:${'a'.repeat(32)}`],
    ['two digests', `alpine@${digest}@${digest}`],
    ['a long repository', `localhost/${'a'.repeat(256)}`],
    ['a very long text', 'a/'.repeat(100_000)],
  ])('rejects %s', (_what, text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
  });

  it('parses its own output', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8}){0,2}$/);
    const host = fc.constantFrom('localhost', 'docker.io', 'ghcr.io', 'r.example:8443', '[fd00::1]:5000');
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
    fc.assert(
      fc.property(
        host,
        fc.array(part, { minLength: 1, maxLength: 4 }),
        tag,
        fc.boolean(),
        (host, parts, tag, pinned) => {
          const read = parseReference(`${host}/${parts.join('/')}:${tag}${pinned ? `@${digest}` : ''}`);
          const text = `${read.host}/${read.repository}:${read.tag}${read.digest ? `@${read.digest}` : ''}`;
          expect(parseReference(text)).toEqual(read);
          expect(read).toMatchObject({ host, tag });
        },
      ),
    );
  });

  it('parses or rejects any text in linear time', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ0-_./:@[]%'.split('')) }), (text) => {
        try {
          const { repository, tag = '' } = parseReference(text);
          expect(`${repository}:${tag}`).not.toMatch(/[^a-zA-Z0-9._/:-]|\.\.\//);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
    );
    for (const hostile of ['a-', 'a.', 'a_', 'a/']) {
      expect(() => parseReference(`${hostile.repeat(510)}!`)).toThrow(InvalidInput);
    }
  });
});
