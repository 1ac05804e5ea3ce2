import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, databaseWarnings, inventory as fold, type AnalyzedLayer } from './index.js';

const status = 'var/lib/dpkg/status';
const deb = (name: string, version: string, state = 'install ok installed') =>
  `Package: ${name}\nStatus: ${state}\nArchitecture: amd64\nVersion: ${version}\n`;
const dpkg = (...packages: [name: string, version: string, status?: string][]): TarEntry => ({
  path: status,
  content: packages.map((each) => deb(...each)).join('\n'),
});
const distroless = (name: string, version: string): TarEntry => ({
  path: `var/lib/dpkg/status.d/${name}`,
  content: deb(name, version),
});
const debian: TarEntry = { path: 'usr/lib/os-release', content: 'ID=debian\nVERSION_ID=12\n' };

async function analyzed(entries: TarEntry[]): Promise<AnalyzedLayer> {
  async function* blob(): AsyncGenerator<Uint8Array> {
    yield tarArchive(entries);
  }
  return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
}

function inventory(layers: readonly AnalyzedLayer[], withDeclared = false) {
  return fold(layers, overlay(layers.map(({ entries }) => entries)), { withDeclared });
}

async function packagesOf(...layers: TarEntry[][]): Promise<string[]> {
  const { packages } = inventory(await Promise.all(layers.map(analyzed)));
  return packages.map(({ name, version, layer, state }) => `${name} ${version} ${state} ${layer}`);
}

const touch: TarEntry = { path: 'tmp/x', content: 'x' };

describe('inventory', () => {
  it.each<[string, TarEntry[][], string[]]>([
    [
      'a package stays with the layer that brought it',
      [[dpkg(['a', '1'])], [dpkg(['a', '1'], ['b', '1'])], [touch]],
      ['a 1 present 0', 'b 1 present 1'],
    ],
    [
      'an upgrade leaves the old version shadowed',
      [[dpkg(['a', '1'])], [touch], [dpkg(['a', '2'])]],
      ['a 1 shadowed 0', 'a 2 present 2'],
    ],
    [
      'a removed package is shadowed',
      [[dpkg(['a', '1'], ['b', '1'])], [dpkg(['b', '1'])]],
      ['a 1 shadowed 0', 'b 1 present 0'],
    ],
    [
      'a package with only configuration left is shadowed, and reported once',
      [[dpkg(['a', '1'], ['b', '1'])], [dpkg(['a', '1', 'deinstall ok config-files'], ['b', '1'])], [touch]],
      ['a 1 shadowed 0', 'b 1 present 0'],
    ],
    [
      'in one layer it is not reported at all',
      [[dpkg(['a', '1', 'deinstall ok config-files'], ['b', '1', 'deinstall ok installed'])]],
      ['b 1 present 0'],
    ],
    [
      'a package that comes back belongs to where it came back',
      [[dpkg(['a', '1'])], [dpkg(['a', '2'])], [dpkg(['a', '1'])]],
      ['a 1 present 2', 'a 2 shadowed 1'],
    ],
    [
      'a deleted database shadows everything',
      [[dpkg(['a', '1'])], [{ path: 'var/lib/dpkg/.wh.status' }]],
      ['a 1 shadowed 0'],
    ],
    ['so does an opaque directory above it', [[dpkg(['a', '1'])], [{ path: 'var/.wh..wh..opq' }]], ['a 1 shadowed 0']],
    [
      'a database that returns after a whiteout starts anew',
      [[dpkg(['a', '1'])], [{ path: 'var/lib/.wh.dpkg' }], [dpkg(['a', '1'])]],
      ['a 1 present 2'],
    ],
    [
      'a whiteout beside the new database keeps the run',
      [[dpkg(['a', '1'])], [{ path: 'var/lib/dpkg/.wh.status' }, dpkg(['a', '1'])]],
      ['a 1 present 0'],
    ],
    [
      'every file of status.d is a database',
      [[distroless('a', '1')], [distroless('b', '1')], [{ path: 'var/lib/dpkg/status.d/.wh.a' }]],
      ['a 1 shadowed 0', 'b 1 present 1'],
    ],
    ['two databases name a package once', [[dpkg(['a', '1'])], [distroless('a', '1')]], ['a 1 present 0']],
    [
      'the other database keeps a package present',
      [[dpkg(['a', '1'])], [distroless('a', '1')], [{ path: 'var/lib/dpkg/.wh.status' }]],
      ['a 1 present 0'],
    ],
  ])('merges layers: %s', async (_, layers, expected) => {
    expect(await packagesOf(...layers)).toEqual(expected);
  });

  it('returns purls of the visible release', async () => {
    const link: TarEntry = { path: 'etc/os-release', type: 'symlink', linkTarget: '../usr/lib/os-release' };
    const newer = { ...debian, content: 'ID=debian\nVERSION_ID=13\n' };
    const layers = await Promise.all([[debian, link, dpkg(['a', '1'])], [newer]].map(analyzed));
    expect(inventory(layers)).toMatchObject({
      os: { id: 'debian', versionId: '13' },
      packages: [{ purl: 'pkg:deb/debian/a@1?arch=amd64&distro=debian-13', foundIn: status }],
    });
    expect(inventory(layers.slice(0, 1)).os?.versionId).toBe('12');
  });

  it('follows links to a release file of any name', async () => {
    const links: TarEntry[] = [
      { ...debian, path: 'etc/real-release' },
      { path: 'usr/lib/os-release', type: 'symlink', linkTarget: '../../etc/real-release' },
    ];
    expect(inventory([await analyzed(links)]).os?.id).toBe('debian');
  });

  it('returns no release if none is visible', async () => {
    const layers = await Promise.all([[debian, dpkg(['a', '1'])], [{ path: 'usr/lib/.wh.os-release' }]].map(analyzed));
    expect(inventory(layers)).toMatchObject({ os: null, packages: [{ purl: 'pkg:deb/debian/a@1?arch=amd64' }] });
  });

  it('warns about unreadable files and reads the others', async () => {
    const bad: TarEntry[] = [
      { path: 'etc/os-release', content: 'nonsense' },
      dpkg(['good', '1'], ['', '2']),
      { path: '../up', content: 'x' },
    ];
    const { warnings, packages, os } = inventory([await analyzed([debian, ...bad])]);
    expect(os?.id).toBe('debian');
    expect(packages).toHaveLength(1);
    expect(warnings).toEqual([
      { code: 'PARENT_PATH', path: 'up', message: expect.any(String) },
      { code: 'MALFORMED_FILE', path: 'etc/os-release', message: 'etc/os-release without a usable ID' },
      { code: 'MALFORMED_FILE', path: status, message: '1 records without a usable name, version or status' },
      { code: 'DATABASE_UNREADABLE', path: status, message: 'list of packages that was not read completely' },
    ]);
  });

  describe('language packages', () => {
    const lodash = {
      path: 'usr/share/app/node_modules/lodash/package.json',
      content: '{"name":"lodash","version":"4.17.4"}',
    };
    const minimist = {
      path: 'srv/node_modules/minimist/package.json',
      content: '{"name":"minimist","version":"0.0.8"}',
    };
    const lock = (path: string, name: string, version = '1.0.0'): TarEntry => ({
      path,
      content: JSON.stringify({ lockfileVersion: 3, packages: { [`node_modules/${name}`]: { version } } }),
    });

    it('count as the distribution package that owns their files, in any layer and through merged directories', async () => {
      const list: TarEntry = {
        path: 'var/lib/dpkg/info/app.list',
        content: '/usr/share/app/node_modules/lodash/package.json\n',
      };
      const merged: TarEntry = {
        path: 'usr/lib/node_modules/semver/package.json',
        content: '{"name":"semver","version":"7.0.0"}',
      };
      const mergedList: TarEntry = {
        path: 'var/lib/dpkg/info/b.list',
        content: '/lib/node_modules/semver/package.json\n',
      };
      expect(await packagesOf([lodash, minimist, merged], [list, mergedList])).toEqual(['minimist 0.0.8 present 0']);
      // The database with their owner is gone, so no package owns them.
      expect(await packagesOf([lodash], [list], [{ path: 'var/lib/dpkg/info/.wh.app.list' }])).toEqual([
        'lodash 4.17.4 present 0',
      ]);
    });

    const list = (path: string): TarEntry => ({ path: 'var/lib/dpkg/info/app.list', content: `/${path}\n` });

    it('are reported if a third party built the package that owns them', async () => {
      const vendor: TarEntry = { path: status, content: `${deb('app', '1')}Maintainer: Docker <support@docker.com>\n` };
      const own = ['app 1 present 0'];
      expect(await packagesOf([lodash, dpkg(['app', '1']), list(lodash.path)])).toEqual(own);
      expect(await packagesOf([lodash, vendor, list(lodash.path)])).toEqual([...own, 'lodash 4.17.4 present 0']);
    });

    it('are named if a later layer deletes their manifest, and their code stays', async () => {
      const code = { path: 'srv/node_modules/minimist/index.js', content: 'x' };
      const inner = { ...lodash, path: 'srv/node_modules/minimist/node_modules/lodash/package.json' };
      const python: TarEntry[] = [
        { path: 'usr/lib/python3/requests/api.py', content: 'x' },
        { path: 'usr/lib/python3/requests-2.0.dist-info/METADATA', content: 'Name: requests\nVersion: 2.0\n' },
        { path: 'usr/lib/python3/requests-2.0.dist-info/RECORD', content: 'requests/api.py,sha256=x,1\n' },
      ];
      const pathsOf = async (...upper: TarEntry[]) =>
        inventory(await Promise.all([[minimist, code, inner, ...python], upper].map(analyzed))).warnings.map(
          ({ code: name, path }) => `${name} ${path}`,
        );
      expect(await pathsOf({ path: 'srv/node_modules/minimist/.wh.package.json' })).toEqual([
        `PACKAGES_UNKNOWN ${minimist.path}`,
      ]);
      expect(await pathsOf({ path: 'usr/lib/python3/.wh.requests-2.0.dist-info' })).toEqual([
        `PACKAGES_UNKNOWN ${python[1]!.path}`,
      ]);
      expect(await pathsOf({ path: 'srv/node_modules/.wh.minimist' }, { path: 'usr/lib/.wh.python3' })).toEqual([]);
      expect(await pathsOf({ ...minimist, content: '{"name":"minimist","version":"1.2.8"}' })).toEqual([]);
      // A package inside another one is no file of it.
      const emptied = ['.wh.package.json', '.wh.index.js'].map((name) => ({
        path: `srv/node_modules/minimist/${name}`,
      }));
      expect(await pathsOf(...emptied)).toEqual([]);
    });

    it('are named if a distribution of Python lists its files and has no metadata', async () => {
      const record = { path: 'app/site-packages/a-1.0.dist-info/RECORD', content: 'a/__init__.py,,\n' };
      const metadata = { path: 'app/site-packages/a-1.0.dist-info/METADATA', content: 'Name: a\nVersion: 1.0\n' };
      const named = async (...layers: TarEntry[][]) =>
        inventory(await Promise.all(layers.map(analyzed))).warnings.map(({ code, path }) => `${code} ${path}`);
      expect(await named([record])).toEqual([`PACKAGES_UNKNOWN ${record.path}`]);
      expect(await named([record], [metadata])).toEqual([]);
    });

    describe('without a manifest from the start', () => {
      const code = (path: string): TarEntry => ({ path, content: 'x' });
      const named = async (...layers: TarEntry[][]) =>
        inventory(await Promise.all(layers.map(analyzed))).warnings.map(({ path, message }) => `${path}: ${message}`);
      const modules = 'srv/node_modules';
      const gems = 'usr/local/lib/ruby/gems/3.3.0';
      const site = 'usr/local/lib/python3.13/site-packages';
      const wheel = (name: string, ...files: string[]): TarEntry[] => [
        { path: `${site}/${name}-1.0.dist-info/METADATA`, content: `Name: ${name}\nVersion: 1.0\n` },
        { path: `${site}/${name}-1.0.dist-info/RECORD`, content: files.map((file) => `${file},,\n`).join('') },
      ];

      it('are named by the folder of npm', async () => {
        const files = [
          'express/lib/a.js',
          '@scope/b/c.mjs',
          'd/node_modules/e/f.node',
          '.pnpm/g@1/node_modules/g/h.cjs',
        ];
        const unlisted = 'code of packages without package.json: @scope/b, e, express, g';
        expect(await named(files.map((file) => code(`${modules}/${file}`)))).toEqual([`${modules}: ${unlisted}`]);
        const other = ['d/test/node_modules/e/f.js', '.cache/a.js', '.bin/a.js', 'data/a.json'];
        const listed = [
          code(`${modules}/d/lib/a.js`),
          { path: `${modules}/d/package.json`, content: '{"name":"d","version":"1.0.0"}' },
        ];
        expect(await named([...listed, ...other.map((file) => code(`${modules}/${file}`))])).toEqual([]);
      });

      it('are named if the manifest is a link to nothing that was read', async () => {
        const manifest = { path: 'opt/e.json', content: '{"name":"e","version":"1.0.0"}' };
        const link: TarEntry = { path: `${modules}/e/package.json`, type: 'symlink', linkTarget: '/opt/e.json' };
        const unlisted = [`${modules}: code of packages without package.json: e`];
        expect(await named([manifest], [code(`${modules}/e/a.js`), link])).toEqual(unlisted);
        expect(await named([code(`${modules}/e/a.js`), link])).toEqual(unlisted);
      });

      it('are named by the folder of Composer', async () => {
        const files = ['autoload.php', 'monolog/monolog/src/Logger.php', 'composer/ClassLoader.php', 'bin/a.php'];
        const vendor = files.map((file) => code(`app/vendor/${file}`));
        const unlisted = 'code of packages without installed.json: monolog/monolog';
        expect(await named(vendor)).toEqual([`app/vendor: ${unlisted}`]);
        const list = { path: 'app/vendor/composer/installed.json', content: '{"packages": []}' };
        expect(await named([...vendor, list])).toEqual([]);
        expect(await named(vendor.slice(1))).toEqual([]);
      });

      it('are named by the folder of gems', async () => {
        const rack = code(`${gems}/gems/rack-2.2.3/lib/rack.rb`);
        expect(await named([rack])).toEqual([`${gems}/gems: code of gems without specification: rack-2.2.3`]);
        const spec = {
          path: `${gems}/specifications/rack-2.2.3.gemspec`,
          content: 's.name = "rack"\ns.version = "2.2.3"\n',
        };
        expect(await named([rack, spec], [code(`${gems}/bundler/gems/a-1f00ba/lib/a.rb`)])).toEqual([]);
        expect(await named([rack, spec], [{ path: `${gems}/specifications/.wh.rack-2.2.3.gemspec` }])).toHaveLength(1);
      });

      it('are named by the folder of Python, if all others there list their files', async () => {
        const init = (name: string) => code(`${site}/${name}/__init__.py`);
        const flask = wheel('Flask', 'flask/__init__.py');
        const google = wheel('google-auth', 'google/auth/__init__.py');
        const compiled = code(`${site}/flask/__init__.pyc`);
        const listed = [...flask, ...google, compiled, init('google/auth'), init('flask/json')];
        const unlisted = [init('requests'), init('requests/adapters'), init('google/protobuf')];
        expect(await named(listed)).toEqual([]);
        expect(await named([...listed, ...unlisted])).toEqual([
          `${site}: code of packages without metadata: google/protobuf, requests`,
        ]);
        const single = ['six.py', '_yaml.cpython-313-x86_64-linux-gnu.so', 'sitecustomize.py', '__pycache__/a.pyc'];
        expect(await named([...listed, ...single.map((file) => code(`${site}/${file}`))])).toEqual([
          `${site}: code of packages without metadata: _yaml.cpython-313-x86_64-linux-gnu, six`,
        ]);
        const six = [...wheel('six', 'six.py'), code(`${site}/six.py`)];
        expect(await named([...listed, ...six, code(`${site}/flask/app.py`)])).toEqual([]);
        const setup = { path: `${site}/PyYAML-5.3.egg-info`, content: 'Name: PyYAML\nVersion: 5.3\n' };
        expect(await named([...listed, setup, init('yaml')])).toEqual([]);
        expect(await named([...flask, init('flask')], [{ path: `${site}/.wh.Flask-1.0.dist-info` }])).toHaveLength(1);
      });

      it('are not named where a package of the distribution lists them', async () => {
        const file = 'usr/lib/python3/dist-packages/apt/__init__.py';
        const own = [debian, dpkg(['app', '1']), list(file)];
        expect(await named([...own, code(file)])).toEqual([]);
      });
    });

    it('that are not known are no warning in a file of a package of the distribution', async () => {
      const disk: TarEntry = { path: 'usr/share/app/disk.bin', content: Buffer.from('QFI\u00fb', 'latin1') };
      const codesOf = async (...layers: TarEntry[][]) =>
        inventory(await Promise.all(layers.map(analyzed))).warnings.map(({ code, path }) => [code, path]);
      const own = [debian, dpkg(['app', '1']), list(disk.path)];
      expect(await codesOf([...own, disk])).toEqual([]);
      expect(await codesOf(own, [disk])).toEqual([['PACKAGES_UNKNOWN', disk.path]]);
    });

    it.each(['opt/app', 'usr/local/lib', 'srv', 'app', 'home/app', 'root'])(
      'are reported in /%s, where no distribution installs',
      async (folder) => {
        const own = { ...lodash, path: `${folder}/node_modules/lodash/package.json` };
        const all = ['app 1 present 0', 'lodash 4.17.4 present 0'];
        expect(await packagesOf([own, dpkg(['app', '1']), list(own.path)])).toEqual(all);
      },
    );

    it("count as the distribution's even if a package owns their database", async () => {
      expect(await packagesOf([dpkg(['app', '1']), list(status)])).toEqual(['app 1 present 0']);
    });

    it('are reported if they replace files of a package in a later layer', async () => {
      const newer = { ...lodash, content: '{"name":"lodash","version":"4.17.21"}' };
      expect(await packagesOf([lodash, list(lodash.path)], [newer])).toEqual(['lodash 4.17.21 present 1']);
      // `chown` copies the same content up, and an upgrade comes with its own list.
      expect(await packagesOf([lodash, list(lodash.path)], [lodash])).toEqual([]);
      expect(await packagesOf([lodash, list(lodash.path)], [newer, list(lodash.path)])).toEqual([]);
    });

    it('are found if pnpm links them from an earlier store', async () => {
      const store: TarEntry[] = [
        { path: 'srv/.store/ab/cdef', content: minimist.content },
        { path: minimist.path, type: 'hardlink', linkTarget: 'srv/.store/ab/cdef' },
      ];
      expect(await packagesOf(store)).toEqual(['minimist 0.0.8 present 0']);
      // A link with another name of the same kind does not cause a second read.
      const other: TarEntry = { path: 'srv/node_modules/b/package.json', type: 'hardlink', linkTarget: minimist.path };
      expect(await packagesOf([minimist, other])).toEqual(['minimist 0.0.8 present 0']);
    });

    it('are found in a store elsewhere to which links of node_modules lead', async () => {
      const manifest = (path: string, name: string): TarEntry => ({
        path: `${path}/package.json`,
        content: JSON.stringify({ name, version: '1.0.0' }),
      });
      const store = [
        manifest('opt/store/a', 'a'),
        manifest('opt/store/a/esm', 'inner'),
        manifest('opt/links/b', '@s/b'),
        manifest('srv/modules/c', 'c'),
        manifest('srv/modules/@s/d', '@s/d'),
        manifest('app/node_modules/.store/e-npm-1/package', 'e'),
        manifest('app', 'app'),
      ];
      const link = (path: string, linkTarget: string): TarEntry => ({ path, type: 'symlink', linkTarget });
      const links = [
        link('app/node_modules/a', '../../opt/store/a'),
        link('app/node_modules/@s/b', '/srv/b'),
        link('srv/b', '../opt/links/b'),
        link('app/node_modules/e', './.store/e-npm-1/package'),
        link('srv/app/node_modules', '/srv/modules'),
        link('app/node_modules/loop', 'loop'),
      ];
      const found = ['@s/b', '@s/d', 'a', 'c', 'e'].map((name) => `${name} 1.0.0 present 0`);
      expect(await packagesOf([...store], links)).toEqual(found);
      expect(await packagesOf(store)).toEqual([]);
      const throughLink = [link('lib', 'app/node_modules'), manifest('lib/f', 'f'), manifest('lib/@s/g', '@s/g')];
      expect(await packagesOf(throughLink)).toEqual(['@s/g 1.0.0 present 0', 'f 1.0.0 present 0']);
    });

    it('count without their links if there are too many to follow', async () => {
      const entries: TarEntry[] = [{ path: 'opt/a/package.json', content: '{"name":"a","version":"1.0.0"}' }];
      for (let index = 0; index <= 10_000; index += 1)
        entries.push({ path: `app/node_modules/l${index}`, type: 'symlink', linkTarget: `l${index + 1}` });
      expect(await packagesOf(entries)).toEqual(['a 1.0.0 present 0']);
    });

    it('are found if their manifest is a link to a file of any name', async () => {
      const entries: TarEntry[] = [
        { path: 'srv/a', content: '{"name":"a","version":"1.0.0"}' },
        { path: 'srv/b', content: 'Name: b\nVersion: 1.0.0\n' },
        { path: 'app/node_modules/a/package.json', type: 'symlink', linkTarget: '/srv/a' },
        { path: 'app/site-packages/b-1.0.0.dist-info/METADATA', type: 'symlink', linkTarget: '/srv/b' },
      ];
      expect(await packagesOf(entries)).toEqual(['a 1.0.0 present 0', 'b 1.0.0 present 0']);
    });

    it('come from the list of a .NET application, not from its assemblies', async () => {
      const content = readFileSync(join(__dirname, 'dotnet-pe/fixtures/Acme.Widgets.dll'));
      const assembly = { path: 'app/Acme.Widgets.dll', content };
      const library = { type: 'package', serviceable: true };
      const list = { path: 'app/shop.deps.json', content: JSON.stringify({ libraries: { 'Other/1.0.0': library } }) };
      expect((await packagesOf([assembly])).map((text) => text.split(' ', 1)[0])).toEqual(['Acme.Widgets']);
      expect((await packagesOf([assembly], [list])).map((text) => text.split(' ', 1)[0])).toEqual(['Other']);
    });

    it('are the installed ones, and locked ones only on request', async () => {
      const layers = [
        await analyzed([minimist, lock('srv/package-lock.json', 'left-pad'), lock('src/package-lock.json', 'qs')]),
      ];
      expect(inventory(layers).packages.map(({ name }) => name)).toEqual(['minimist']);
      // A lock file beside installed packages adds nothing.
      expect(inventory(layers, true).packages.map(({ name, isDeclared }) => [name, isDeclared])).toEqual([
        ['minimist', undefined],
        ['qs', true],
      ]);
    });

    it('are named without a version if no lock file and no installation has one', async () => {
      const unknown = async (...entries: TarEntry[]) =>
        inventory([await analyzed(entries)], true)
          .warnings.filter(({ code }) => code === 'PACKAGES_UNKNOWN')
          .map(
            ({ path, message }) => `${path}: ${message.replace(' without a version, which no lock file gives', '')}`,
          );
      const file = (path: string, content: string): TarEntry => ({ path, content });
      const manifest = '{"name":"app","dependencies":{"lodash":"^4.17.4"}}';
      const needs = file('srv/requirements.txt', 'flask>=1.0\nsix\ndjango==2.2\n');
      const flask = file('usr/lib/python3/site-packages/flask-1.0.dist-info/METADATA', 'Name: flask\nVersion: 1.0\n');
      const installed = file('srv/.venv/site-packages/six-1.0.dist-info/METADATA', 'Name: six\nVersion: 1.0\n');
      const lodash = file('srv/web/node_modules/lodash/package.json', '{"name":"lodash","version":"4.17.4"}');
      const lock = '{"lockfileVersion":3,"packages":{"node_modules/lodash":{"version":"4.17.4"}}}';
      expect(await unknown(needs)).toEqual(['srv/requirements.txt: dependencies of type pypi: flask, six']);
      expect(await unknown(needs, flask)).toEqual(['srv/requirements.txt: dependencies of type pypi: six']);
      expect(await unknown(needs, installed)).toEqual([]);
      expect(await unknown(file('srv/web/package.json', manifest), file('srv/a/b/package.json', manifest))).toEqual([
        'srv/web/package.json: dependencies of type npm (in 2 files)',
      ]);
      expect(await unknown(file('srv/web/package.json', manifest), lodash)).toEqual([]);
      expect(await unknown(file('srv/web/package.json', manifest), file('srv/package-lock.json', lock))).toEqual([]);
      const { warnings } = inventory([await analyzed([needs, file('srv/web/package.json', manifest)])]);
      expect(warnings).toEqual([]);
    });

    it('count for a lock file at the root of sources, but not of a distribution', async () => {
      const sources = [minimist, lock('package-lock.json', 'left-pad')];
      const namesOf = async (entries: TarEntry[]) =>
        inventory([await analyzed(entries)], true).packages.map(({ name }) => name);
      expect(await namesOf(sources)).toEqual(['minimist']);
      expect(await namesOf([...sources, debian])).toEqual(['left-pad', 'minimist']);
    });
  });

  describe('a database that was not read', () => {
    const codesOf = async (...layers: TarEntry[][]) =>
      inventory(await Promise.all(layers.map(analyzed))).warnings.map(({ code, path }) => [code, path]);
    const missing = ['PACKAGES_MISSING', null];
    const unreadable = ['DATABASE_UNREADABLE', status];

    it('is named if it is that of another root, while the image has it', async () => {
      const nested = { ...dpkg(['a', '1']), path: `opt/root/${status}` };
      const own = [debian, dpkg(['b', '1'])];
      expect(await codesOf([...own, nested])).toContainEqual(['DATABASE_UNREADABLE', nested.path]);
      const removed = await codesOf([...own, nested], [{ path: 'opt/.wh.root' }]);
      expect(removed).not.toContainEqual(['DATABASE_UNREADABLE', nested.path]);
    });
    const link: TarEntry = { path: status, type: 'symlink', linkTarget: '/srv/status' };
    const real: TarEntry = { ...dpkg(['a', '1']), path: 'srv/status' };

    it('is reported if a part of it could not be read, unless a later layer replaces it', async () => {
      const damaged = dpkg(['a', '1'], ['', '2']);
      const malformed = ['MALFORMED_FILE', status];
      expect(await codesOf([debian, damaged])).toEqual([malformed, unreadable]);
      expect(await codesOf([debian, damaged], [dpkg(['a', '1'])])).toEqual([malformed]);
      const broken: TarEntry = { path: 'srv/node_modules/x/package.json', content: '{' };
      expect(await codesOf([debian, dpkg(['a', '1']), broken])).toEqual([['MALFORMED_FILE', broken.path]]);
    });

    it('is reported of a folder that could not be listed', () => {
      const warnings = ['var/lib/', 'var/lib/private/', 'opt/'].map((path) => {
        return { code: 'UNREADABLE', path, message: 'folder that may not be read' };
      });
      expect(databaseWarnings(warnings).map(({ path }) => path)).toEqual(['var/lib/']);
    });

    it('is reported if it links into another layer, unless the link was followed', async () => {
      expect(await codesOf([real], [debian, link])).toEqual([unreadable, missing]);
      expect(await codesOf([debian, real, link])).toEqual([]);
      expect(await codesOf([debian, dpkg(['a', '1'])], [{ path: 'srv/x', type: 'symlink', linkTarget: 'y' }])).toEqual(
        [],
      );
    });

    it('is reported if a link leads to its folder', async () => {
      const folder: TarEntry = { path: 'var/lib/dpkg', type: 'symlink', linkTarget: '/srv' };
      expect(await codesOf([debian, real, folder])).toEqual([unreadable, missing]);
    });

    it.each(['var/lib/dpkg/status.d', 'var/lib/dpkg', 'var/lib/dpkg/updates'])(
      'is reported if its files are behind a link at %s, also where no entry names the folder',
      async (path) => {
        const folder: TarEntry = { path, type: 'symlink', linkTarget: '/srv/db' };
        const below = path.endsWith('dpkg') ? 'status.d/' : '';
        const file = { ...distroless('a', '1'), path: `srv/db/${below}1` };
        const at = below ? `${path}/status.d` : path;
        expect(await codesOf([debian, folder], [file])).toContainEqual(['DATABASE_UNREADABLE', at]);
        expect(await codesOf([debian, folder])).toEqual([missing]);
      },
    );

    it('is reported if it is a hard link to nothing, unless the linked file was read', async () => {
      const hard: TarEntry = { path: status, type: 'hardlink', linkTarget: 'srv/status' };
      expect(await codesOf([debian, hard])).toEqual([['HARDLINK_WITHOUT_TARGET', status], unreadable, missing]);
      expect(await codesOf([debian, real, hard])).toEqual([]);
      const release: TarEntry = { path: 'etc/os-release', type: 'hardlink', linkTarget: './usr/lib/os-release' };
      expect(await codesOf([debian, release, dpkg(['a', '1'])])).toEqual([]);
    });

    it('is reported if a distribution is visible and none of its packages', async () => {
      expect(await codesOf([debian])).toEqual([missing]);
      expect(await codesOf([debian, dpkg(['a', '1'])], [{ path: 'var/lib/dpkg/.wh.status' }])).toEqual([missing]);
      expect(await codesOf([touch])).toEqual([]);
    });
  });

  it('returns plain JSON facts, the same for the same layer', async () => {
    const layer = [distroless('b', '1'), debian, distroless('a', '1')];
    const { facts } = await analyzed(layer);
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
    expect((await analyzed(layer.toReversed())).facts).toEqual(facts);
    expect(facts.files.map(({ path, analyzer }) => [path, analyzer])).toEqual([
      ['usr/lib/os-release', 'os-release'],
      ['var/lib/dpkg/status.d/a', 'dpkg'],
      ['var/lib/dpkg/status.d/b', 'dpkg'],
    ]);
  });
});
