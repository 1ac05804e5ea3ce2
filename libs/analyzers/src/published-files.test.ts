import { createHash } from 'node:crypto';

import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, fileFindings } from './index.js';

const secretKey = Buffer.alloc(32, 1);
const token = (start: string) => `gitlab = "${['gl', 'pat'].join('')}-${start}Lx9Tz4Wk8BnYp"\n`;
/** A secret with a form of its own, and one that only its name makes one. */
const strong = token('q7Rv2Qz');
const weak = `{"smtp_password": "q7Rv2Lx9Tz4Wk8Bn"}\n`;

const installTime = 1_750_000_000;

function at(mtime: number, path: string, content = 'x'): TarEntry {
  return { path, content, mtime };
}

/** Files of a package, all of one time unless given. */
function npm(folder: string, manifest: object = {}, mtime = installTime): TarEntry[] {
  const text = JSON.stringify({ name: 'tool', version: '1.2.3', ...manifest });
  const files = ['index.js', 'lib/a.js', 'lib/b.js', 'README'].map((name) => at(mtime, `${folder}/${name}`));
  return [at(mtime, `${folder}/package.json`, text), ...files];
}

const sha256 = (content: string) => createHash('sha256').update(content).digest('base64url');
const site = 'venv/lib/python3.13/site-packages';

/** Files of a wheel; `listed` has their content as the wheel brought them. */
function wheel(listed: Record<string, string>): TarEntry[] {
  const rows = Object.entries(listed).map(([path, content]) => `${path},sha256=${sha256(content)},${content.length}`);
  return [
    at(installTime, `${site}/tool-1.0.dist-info/METADATA`, 'Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n'),
    at(installTime, `${site}/tool-1.0.dist-info/RECORD`, `${rows.join('\n')}\n`),
    ...Object.keys(listed).map((path) => at(installTime, `${site}/${path}`, listed[path])),
  ];
}

/** A distribution as Debian builds it: metadata, no RECORD. */
const egg = [
  at(installTime, `${site}/tool-1.0.egg-info/PKG-INFO`, 'Metadata-Version: 1.1\nName: tool\nVersion: 1.0\n'),
  ...['__init__.py', 'a.py', 'b.py'].map((name, index) => at(installTime - 9_000_000 * index, `${site}/tool/${name}`)),
];

/** The same with the one time that the distribution's build gave to every file. */
const built = egg.map((entry) => ({ ...entry, mtime: installTime }));
const manyOfApp = Array.from({ length: 9 }, (_, index) => at(installTime, `app/${index}.py`));

const gem = [
  at(installTime, 'bundle/specifications/tool-1.0.0.gemspec', '# stub: tool 1.0.0 ruby lib\n'),
  ...['a.rb', 'b.rb', 'c.rb'].map((name) => at(installTime, `bundle/gems/tool-1.0.0/lib/${name}`)),
];
const composer = [
  at(installTime, 'srv/vendor/composer/installed.json', '{"packages": [{"name": "acme/tool", "version": "1.0.0"}]}'),
  ...['A.php', 'B.php', 'C.php'].map((name) => at(installTime, `srv/vendor/acme/tool/src/${name}`)),
];
const go = [
  at(installTime, 'go/pkg/mod/cache/download/github.com/acme/tool/@v/v1.0.0.ziphash', 'h1:x'),
  ...['a.go', 'b.go', 'c.go'].map((name) => at(installTime, `go/pkg/mod/github.com/acme/tool@v1.0.0/${name}`)),
];

async function reported(...tars: TarEntry[][]): Promise<string[]> {
  const read = tars.map((entries) => {
    async function* blob(): AsyncGenerator<Uint8Array> {
      yield tarArchive(entries);
    }
    return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar', secretKey });
  });
  const layers = await Promise.all(read);
  const findings = fileFindings(layers, overlay(layers.map(({ entries }) => entries)), { secretKey });
  // A file that a later entry of its layer replaces has its first content as shadowed.
  const present = findings.filter(({ state }) => state === 'present');
  return present.map(({ severity, evidence }) =>
    [severity, evidence['fileOrigin']?.toString().split(':')[0], evidence['package']].filter(Boolean).join(' '),
  );
}

const app = 'app/node_modules/tool';
const user = at(installTime + 3_600, 'app/server.js');
const later = installTime + 300;

describe('fileOrigins', () => {
  it.each<[string, TarEntry[][], string]>([
    [
      'npm unpacked with its package',
      [[...npm(app), at(installTime + 1, `${app}/rc.json`, strong), user]],
      'low published pkg:npm/tool@1.2.3',
    ],
    [
      'was added to a package of npm',
      [[...npm(app), at(later, `${app}/rc.json`, strong), user]],
      'critical changed pkg:npm/tool@1.2.3',
    ],
    [
      'was changed in the tests of a package of npm',
      [[...npm(app), at(later, `${app}/test/rc.json`, strong), user]],
      'critical changed pkg:npm/tool@1.2.3',
    ],
    [
      'a later layer brought',
      [npm(app), [at(installTime, `${app}/rc.json`, strong)]],
      'critical changed pkg:npm/tool@1.2.3',
    ],
    [
      'a later layer copied up',
      [[...npm(app), at(installTime, `${app}/rc.json`, strong), user], [at(installTime, `${app}/rc.json`, strong)]],
      'low published pkg:npm/tool@1.2.3',
    ],
    [
      'npm never publishes',
      [[...npm(app), at(installTime, `${app}/.npmrc`, strong), user]],
      'critical changed pkg:npm/tool@1.2.3',
    ],
    [
      'is older than an installation by npm',
      [
        [
          ...npm(app),
          at(installTime, 'app/node_modules/.package-lock.json', '{}'),
          at(installTime - 9_000, `${app}/rc.json`, strong),
          user,
        ],
      ],
      'critical changed pkg:npm/tool@1.2.3',
    ],
    [
      'a package manager unpacked with its old time',
      [[...npm(app), at(installTime - 9_000, `${app}/rc.json`, strong), user]],
      'low published pkg:npm/tool@1.2.3',
    ],
    [
      'is in a private package',
      [[...npm(app, { private: true }), at(installTime, `${app}/rc.json`, strong), user]],
      'critical',
    ],
    ['is in a folder without a package', [[at(installTime, `${app}/rc.json`, strong), user]], 'critical'],
    [
      'is in the tests of a folder without a package',
      [[at(installTime, `${app}/test/rc.json`, strong), user]],
      'low unknown',
    ],
    [
      'is in a package inside a package',
      [
        [
          ...npm(app),
          ...npm(`${app}/node_modules/inner`, { name: 'inner' }, later),
          at(later, `${app}/node_modules/inner/rc.json`, strong),
          user,
        ],
      ],
      'low published pkg:npm/inner@1.2.3',
    ],
    [
      'has the time that a build gave to every file, with a form',
      [[...npm(app), ...npm('app/node_modules/b'), at(installTime, `${app}/rc.json`, strong)]],
      'critical unknown pkg:npm/tool@1.2.3',
    ],
    [
      'has the time that a build gave to every file, known by its name',
      [[...npm(app), ...npm('app/node_modules/b'), at(installTime, `${app}/rc.json`, weak)]],
      'low unknown pkg:npm/tool@1.2.3',
    ],
    [
      'RECORD lists with its digest',
      [wheel({ 'tool/a.py': 'x', 'tool/rc': strong })],
      'low published pkg:pypi/tool@1.0',
    ],
    [
      'RECORD lists for a package that pip installed from a folder',
      [
        [
          ...wheel({ 'tool/a.py': 'x', 'shop/rc': strong }),
          at(installTime, `${site}/tool-1.0.dist-info/direct_url.json`, '{"url": "file:///src", "dir_info": {}}'),
        ],
      ],
      'critical',
    ],
    [
      'RECORD lists in a folder of another name',
      [wheel({ 'tool/a.py': 'x', 'shop/rc': strong })],
      'low published pkg:pypi/tool@1.0',
    ],
    [
      'RECORD lists with another digest',
      [[...wheel({ 'tool/a.py': 'x', 'tool/rc': token('Zq2Lw8t') }), at(installTime, `${site}/tool/rc`, strong)]],
      'critical changed pkg:pypi/tool@1.0',
    ],
    [
      'RECORD does not list',
      [[...wheel({ 'tool/a.py': 'x' }), at(installTime, `${site}/tool/rc`, strong)]],
      'critical changed pkg:pypi/tool@1.0',
    ],
    [
      'a distribution without RECORD brought',
      [[...egg, at(installTime - 60_000, `${site}/tool/rc`, strong), user]],
      'low published pkg:pypi/tool@1.0',
    ],
    [
      'was added to a distribution without RECORD',
      [[...egg, at(later, `${site}/tool/rc`, strong), user]],
      'critical changed pkg:pypi/tool@1.0',
    ],
    [
      'has the one time of a distribution without RECORD',
      [[...built, at(installTime, `${site}/tool/rc`, strong)]],
      'low published pkg:pypi/tool@1.0',
    ],
    [
      'is later than the one time of a distribution without RECORD',
      [
        [
          ...built,
          ...built.map((entry) => ({ ...entry, path: entry.path.replace('tool/', 'tool/c/') })),
          ...manyOfApp.map((entry, index) => ({ ...entry, path: `${site}/tool/${index}.py` })),
          at(later, `${site}/tool/rc`, strong),
        ],
      ],
      'critical changed pkg:pypi/tool@1.0',
    ],
    [
      'has the one time of a distribution without RECORD, and of an application',
      [[...built, ...manyOfApp, at(installTime, `${site}/tool/rc`, strong)]],
      'critical unknown pkg:pypi/tool@1.0',
    ],
    [
      'has the one time of Python packages, in a folder of none of them',
      [[...built, at(installTime, `${site}/shop/rc`, strong)]],
      'critical unknown pkg:pypi/shop',
    ],
    [
      'has the one time of Python packages, in a package of npm',
      [
        [
          ...built,
          ...manyOfApp.map((entry) => ({ ...entry, path: `${site}/tool/${entry.path}` })),
          at(installTime, `${site}/tool/node_modules/web/package.json`, '{"name": "web", "version": "1.0.0"}'),
          at(installTime, `${site}/tool/node_modules/web/rc`, strong),
        ],
      ],
      'critical unknown pkg:npm/web@1.0.0',
    ],
    [
      'is in a folder of no distribution',
      [[...egg, at(installTime, `${site}/shop/rc`, strong), user]],
      'critical unknown pkg:pypi/shop',
    ],
    [
      'a gem brought',
      [[...gem, at(installTime, 'bundle/gems/tool-1.0.0/rc', strong), user]],
      'low published pkg:gem/tool@1.0.0',
    ],
    [
      'was added to a gem',
      [[...gem, at(later, 'bundle/gems/tool-1.0.0/rc', strong), user]],
      'critical changed pkg:gem/tool@1.0.0',
    ],
    [
      'a package of Composer brought',
      [[...composer, at(installTime, 'srv/vendor/acme/tool/rc', strong), user]],
      'low published pkg:composer/acme/tool@1.0.0',
    ],
    [
      'Composer did not install',
      [[...composer, at(installTime, 'srv/vendor/acme/other/rc', strong), user]],
      'critical',
    ],
    [
      'a Go module brought',
      [[...go, at(installTime, 'go/pkg/mod/github.com/acme/tool@v1.0.0/rc', strong), user]],
      'low published pkg:golang/github.com/acme/tool@v1.0.0',
    ],
    [
      'was added to a Go module',
      [[...go, at(later, 'go/pkg/mod/github.com/acme/tool@v1.0.0/rc', strong), user]],
      'critical changed pkg:golang/github.com/acme/tool@v1.0.0',
    ],
  ])('judges a secret in a file that %s', async (_, layers, expected) => {
    expect(await reported(...layers)).toEqual([expected]);
  });
});
