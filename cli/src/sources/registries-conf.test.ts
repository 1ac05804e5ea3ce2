import { choosePlaces, parseRegistriesConf } from './registries-conf.js';

const conf = parseRegistriesConf(
  `
unqualified-search-registries = ["docker.io"]

[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "mirror.example.com/hub"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "localhost:5000"
insecure = true

[[registry]]
location = "docker.io/library"
mirror-by-digest-only = true
[[registry.mirror]]
location = "mirror.example.com/official"

[[registry]]
prefix = "*.internal.example.com"
location = "registry.example.com/internal"
insecure = true

[[registry]]
prefix = "evil.example.com"
blocked = true
`,
  'registries.conf',
);

describe('choosePlaces', () => {
  it.each([
    ['ghcr.io/org/app', 'ghcr.io/org/app', []],
    [
      'docker.io/org/app',
      'docker.io/org/app',
      ['mirror.example.com/hub/org/app digests', 'localhost:5000/org/app both'],
    ],
    ['docker.io/library/nginx', 'docker.io/library/nginx', ['mirror.example.com/official/nginx digests']],
    [
      'docker.io/libraryx/nginx',
      'docker.io/libraryx/nginx',
      expect.arrayContaining(['localhost:5000/libraryx/nginx both']),
    ],
    ['a.b.internal.example.com:5000/app', 'registry.example.com/internal/app', []],
    ['internal.example.com/app', 'internal.example.com/app', []],
    ['evilinternal.example.com/app', 'evilinternal.example.com/app', []],
    ['evil.example.com.org/app', 'evil.example.com.org/app', []],
  ])('%s is read from %s, after %j', (name, origin, mirrors) => {
    const places = choosePlaces(name, conf);
    expect(places.origin.name).toBe(origin);
    expect(places.mirrors.map(({ name: at, gives }) => `${at} ${gives}`)).toEqual(mirrors);
  });

  it('connects without TLS only where that is configured', () => {
    expect(choosePlaces('x.internal.example.com/app', conf).origin.isInsecure).toBe(true);
    const { origin, mirrors } = choosePlaces('docker.io/org/app', conf);
    expect([origin, ...mirrors].map(({ isInsecure }) => isInsecure)).toEqual([false, false, true]);
  });

  it('refuses what is blocked', () => {
    expect(() => choosePlaces('evil.example.com/app', conf)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_BLOCKED' }),
    );
  });

  it('takes the last entry of a prefix: drop-ins change what stands before', () => {
    const dropIn = parseRegistriesConf('[[registry]]\nlocation = "evil.example.com"\n', 'x.conf');
    expect(choosePlaces('evil.example.com/app', [...conf, ...dropIn]).origin.name).toBe('evil.example.com/app');
  });

  it.each([
    ['no TOML', '[[registry'],
    ['a registry without a name', '[[registry]]\nblocked = true'],
    ['a word where yes or no belongs', '[[registry]]\nlocation = "a.io"\nblocked = "yes"'],
    ['version 1', '[registries.block]\nregistries = ["evil.example.com"]'],
  ])('refuses %s, and says where', (_, text) => {
    expect(() => parseRegistriesConf(text, 'x.conf')).toThrow(
      expect.objectContaining({ code: 'REGISTRIES_CONF', message: expect.stringContaining('x.conf') }),
    );
  });
});
