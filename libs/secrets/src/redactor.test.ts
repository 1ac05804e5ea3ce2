import { redactedReason, redactSecrets } from './redactor.js';
import { fake } from './rules/fake.js';

const secret = 'Zq7kTw9Rb2x5';
const opaque = ['NKhgjgYHhBLB', 'XXdAxE7ixJRT'].join('');

describe('redactSecrets', () => {
  it.each([
    ['a password of a URL', `GET https://ci:${secret}@git.example.com/a`],
    ['a percent-encoded command', `Cannot GET /find/${encodeURIComponent(`mysql -u root -p${secret} shop`)}`],
    ['a query in lower-case hex', `/x?q=curl%20-u%20a%3a${secret}%20b`],
    ['a password with encoded characters', `https://ci:%7B%22${secret}%2F@git.example.com/a`],
    ['a client secret without two digits', `tool --client-secret ${opaque} run`],
    ['a user that is a token', `git clone https://${opaque}@git.example.com/a`],
    ['a token without a digit', `tool --token ${opaque.replace('7', 'q')} run`],
    ['bytes that are no UTF-8', `/x?q=%ff%20password%3D${secret}`],
  ])('masks %s', (_, text) => {
    const safe = redactSecrets(text);
    expect(safe).toContain('**');
    expect(safe).not.toContain(secret);
    expect(safe).not.toMatch(/ixJRT/);
  });

  it.each(['100% sure', '/a%20b/c%2Fd', '--client-token 0c5b1f6e5a0f4a57', 'x=%zz', 'a "quoted%20word" and \\%41'])(
    'keeps %s',
    (text) => {
      expect(redactSecrets(text)).toBe(text);
    },
  );

  it('masks every part of a token that is joined', () => {
    const token = `ghp_${fake(36)}`;
    const safe = redactSecrets(`t = "${token.slice(0, 20)}" + "${token.slice(20, 30)}" + "${token.slice(30)}" + rest;`);
    expect(safe).not.toContain(token.slice(20, 30));
    expect(safe).not.toContain(token.slice(30));
    expect(safe).toMatch(/ rest;$/);
  });

  it('keeps JSON valid around an encoded secret', () => {
    const json = JSON.stringify({ url: `https://a.example.com/${encodeURIComponent(`"password":"${secret}"\\`)}` });
    expect(JSON.stringify(JSON.parse(redactSecrets(json)))).not.toContain(secret);
  });
});

describe('redactedReason', () => {
  it('masks quoted secrets in an error', () => {
    expect(redactedReason(new Error(`login with --password ${secret} failed`))).toBe(
      'login with --password Zq7********* failed',
    );
  });
});
