import { isExamplePath, isMadeByTools, isShippedExample, mayHoldSecrets } from './paths.js';

describe('mayHoldSecrets, isExamplePath and isMadeByTools', () => {
  it.each([
    ['app/.env', 'A=1\n', true],
    ['root/.ssh/id_rsa', '-----BEGIN', true],
    ['app/server.p12', '\x30\x82\0\0', true],
    ['root/.config/gcloud/credentials.db', 'SQLite format 3\0', true],
    ['srv/other.db', 'SQLite format 3\0', false],
    ['app/settings.ini', '\xff\xfea\0=\0', true],
    ['app/no-extension', 'text\twith\x1b[0m colors\r\n', true],
    ['app/umlauts.txt', 'Schl\xc3\xbcssel', true],
    ['app/empty', '', false],
    ['app/logo.PNG', 'text', false],
    ['app/__pycache__/a.cpython-312.pyc', 'text', false],
    ['usr/bin/curl', '\x7fELF\x02\x01\x01\0', false],
    ['app/controls', '\x01\x02\x03\x04text', false],
    ['var/lib/dpkg/status', 'Package: a', false],
    ['lib/apk/db/installed', 'P:a', false],
    ['app.png/notes', 'text', true],
  ])('decide whether %s may hold secrets: %j is %s', (path, head, expected) => {
    expect(mayHoldSecrets(path, Buffer.from(head, 'latin1'))).toBe(expected);
  });

  it.each([
    ['usr/share/doc/a/README', true],
    ['app/tests/fixtures/key.pem', true],
    ['app/config.test.js', true],
    ['app/.env.example', true],
    ['usr/lib/openssh/regress/ed25519.prv', true],
    ['roles/web/molecule/default/prepare.yml', true],
    ['app/latest/config.js', false],
    ['srv/contest/config.js', false],
    ['etc/app.conf', false],
  ])('decide whether %s is an example: %s', (path, expected) => {
    expect(isExamplePath(path)).toBe(expected);
  });

  it.each([
    ['usr/libexec/installed-tests/glib/key.pem', true],
    ['usr/lib/openssh/unittests/rsa_1', true],
    ['usr/share/app/locales/en.json', true],
    ['usr/lib/app/key.pem', false],
    ['usr/local/lib/app/tests/key.pem', false],
    ['srv/usr/lib/tests/key.pem', false],
  ])('decide whether %s is an example of a package: %s', (path, expected) => {
    expect(isShippedExample(path)).toBe(expected);
  });

  it.each([
    ['app/package-lock.json', true],
    ['app/bundle.min.js', true],
    ['app/po/de.po', true],
    ['app/settings.json', false],
  ])('decide whether %s is made by tools: %s', (path, expected) => {
    expect(isMadeByTools(path)).toBe(expected);
  });
});
