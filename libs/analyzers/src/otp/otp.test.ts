import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { otp } from './otp.js';

// From Debian's erlang-crypto 27.3, elixir 1.18 and rabbitmq-server 4.0.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'app/lib/x-1.0/ebin/x.app';
const read = (text: string) => otp.analyze({ path, content: Buffer.from(text) });

describe('otp', () => {
  it.each([
    ['usr/lib/erlang/lib/crypto-5.5.3/ebin/crypto.app', true],
    ['usr/lib/elixir/lib/ex_unit/ebin/ex_unit.app', true],
    ['app/lib/plug-1.15.3/ebin/plug.app', true],
    ['lib/x/ebin/x.app', true],
    ['app/lib/plug-1.15.3/ebin/plug_crypto.app', false],
    ['app/lib/plug-1.15.3/src/plug.app', false],
    ['app/lib/plug-1.15.3/ebin/plug.app.src', false],
    ['Applications/x.app', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(otp.wants(path, new Uint8Array())).toBe(expected);
  });

  it.each([
    ['crypto.app', 'crypto', '5.5.3'],
    ['eex.app', 'eex', '1.18.3'],
    ['thoas.app', 'thoas', '1.2.1'],
  ])('parses %s', (file, name, version) => {
    expect(otp.analyze({ path, content: fixture(file) })).toEqual({
      packages: [{ type: 'otp', name, version, source: { name, version }, licenses: [], foundIn: path }],
    });
  });

  it.each(['{application,\'a\',[{vsn,"1.0-rc.1"}]}.', '{ application , a ,\n [ { vsn , "1.0-rc.1" } ] }.'])(
    'parses %j',
    (text) => {
      expect(read(text).packages).toMatchObject([{ name: 'a', version: '1.0-rc.1' }]);
    },
  );

  it.each(['{application,a,[{vsn,git}]}.', '{application,a,[{vsn,"git"}]}.', '{application,a,[]}.'])(
    'does not report %j as a release',
    (text) => {
      expect(read(text)).toEqual({ packages: [] });
    },
  );

  it.each(['', '[].', 'x {application,a,[{vsn,"1.0"}]}.'])('rejects %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });
});
