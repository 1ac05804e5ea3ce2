// npm run image -- [--single] [--out FOLDER] [--name REPOSITORY:TAG]: writes the built tree as an
// OCI image, without Docker (docs/decisions/0035-image-of-debian-packages.md). `--single` adds
// PostgreSQL, NATS and Redis for `tidewaiter up`. The same packages and the same tree give the same
// digest. Needs Debian 13 with apt's lists, dpkg-deb and tar; no root.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

import { copyNotices } from './package-notices.mjs';

const root = resolve(import.meta.dirname, '..');
const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const { values: options } = parseArgs({
  options: {
    single: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'dist', 'image') },
    name: { type: 'string', default: `localhost/tidewaiter:${json(join(root, 'cli/package.json')).version}` },
  },
});

/**
 * What Node, the sandbox of layers (sh, prlimit) and `up` (setpriv) need: with their libraries, since
 * apt would bring Perl and debconf.
 */
const basePackages = [
  'base-files',
  'dash',
  'libatomic1',
  'libc6',
  'libcap-ng0',
  'libgcc-s1',
  'libsmartcols1',
  'libstdc++6',
  'util-linux',
];

/** The three servers. LLVM is left out: PostgreSQL works without its compiler of queries. */
const serverPackages = [
  'libaudit1',
  'libcap2',
  'libcom-err2',
  'libgssapi-krb5-2',
  'libicu76',
  'libjemalloc2',
  'libk5crypto3',
  'libkeyutils1',
  'libkrb5-3',
  'libkrb5support0',
  'libldap2',
  'liblz4-1',
  'liblzf1',
  'liblzma5',
  'libpam0g',
  'libpq5',
  'libsasl2-2',
  'libselinux1',
  'libpcre2-8-0',
  'libssl3t64',
  'libsystemd0',
  'libuuid1',
  'libxml2',
  'libxslt1.1',
  'libxxhash0',
  'libzstd1',
  'nats-server',
  'postgresql-17',
  'postgresql-client-17',
  'redis-server',
  'redis-tools',
  'tzdata',
  'zlib1g',
];

/** Programs whose libraries must all be there. */
const basePrograms = ['usr/local/bin/node', 'usr/bin/dash', 'usr/bin/prlimit', 'usr/bin/setpriv'];
const serverPrograms = [
  'usr/bin/redis-server',
  'usr/sbin/nats-server',
  ...['postgres', 'initdb', 'pg_dump', 'pg_restore'].map((name) => `usr/lib/postgresql/17/bin/${name}`),
];

/** Parts of packages that nobody reads in a container. Copyrights stay. */
const unwanted = [
  'etc/init.d',
  'etc/systemd',
  'usr/lib/systemd',
  'usr/lib/postgresql/17/lib/bitcode',
  'usr/lib/postgresql/17/lib/llvmjit.so',
  'usr/lib/postgresql/17/lib/llvmjit_types.bc',
  'usr/share/{bash-completion,doc-base,i18n,info,lintian,locale,man}',
  'usr/share/postgresql/17/man',
  'usr/share/doc/*/!(copyright)',
];

const healthPort = options.single ? '7080' : '${process.env.TIDEWAITER_HTTP_PORT}';
const healthCheck = `fetch(\`http://127.0.0.1:${healthPort}/readyz\`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;

const work = mkdtempSync(join(tmpdir(), 'tidewaiter-image-'));
try {
  const image = writeImage();
  process.stdout.write(
    `${image.digest} ${options.name} ${(image.bytes / 1e6).toFixed(1)} MB compressed, in ${options.out}\n`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}

function writeImage() {
  const names = [...basePackages, ...(options.single ? serverPackages : [])];
  const parts = [
    { name: 'Debian packages', fill: (folder) => unpackPackages(names, folder) },
    { name: 'Node', fill: copyNode },
    { name: 'Tidewaiter', fill: copyProgram },
  ];
  const made = parts.map(({ name, fill }, index) => {
    const folder = join(work, `layer-${index}`);
    mkdirSync(folder);
    fill(folder);
    return { name, folder };
  });
  checkLibraries(
    made.map(({ folder }) => folder),
    [...basePrograms, ...(options.single ? serverPrograms : [])],
  );
  rmSync(options.out, { recursive: true, force: true });
  mkdirSync(join(options.out, 'blobs', 'sha256'), { recursive: true });
  return writeLayout(made.map(({ name, folder }) => writeLayer(name, folder)));
}

function unpackPackages(names, folder) {
  const debs = join(root, 'dist', 'debs');
  mkdirSync(debs, { recursive: true });
  // apt verifies signatures and hashes. It does not name what its folder has already.
  const apt = (cwd, ...args) => execFileSync('apt-get', ['download', ...args, ...names], { cwd, encoding: 'utf8' });
  const wanted = [...apt(work, '--print-uris').matchAll(/^'[^']*' (\S+\.deb) /gm)].map(([, file]) => file);
  if (!wanted.every((file) => existsSync(join(debs, file)))) apt(debs, '--quiet');
  const status = join(folder, 'var/lib/dpkg/status.d');
  // base-files has the links of the merged /usr, through which the others are unpacked.
  const files = wanted.toSorted((a, b) => b.startsWith('base-files') - a.startsWith('base-files') || (a < b ? -1 : 1));
  for (const file of files) {
    execFileSync('dpkg-deb', ['--extract', join(debs, file), folder]);
    // As in distroless images: scanners, ours too, find the packages there.
    const control = execFileSync('dpkg-deb', ['--field', join(debs, file)], { encoding: 'utf8' });
    mkdirSync(status, { recursive: true });
    writeFileSync(join(status, file.split('_')[0]), control);
  }
  for (const path of globSync(unwanted, { cwd: folder })) rmSync(join(folder, path), { recursive: true, force: true });
  for (const path of globSync('**/*', { cwd: folder })) {
    const { mode } = lstatSync(join(folder, path));
    // No program may become root.
    if (statSync(join(folder, path), { throwIfNoEntry: false })?.isFile() && mode & 0o6000)
      chmodSync(join(folder, path), mode & 0o777);
  }
  write(
    folder,
    'etc/passwd',
    'root:x:0:0:root:/root:/usr/sbin/nologin\nnode:x:1000:1000::/var/lib/tidewaiter:/usr/sbin/nologin\n',
  );
  write(folder, 'etc/group', 'root:x:0:\nnode:x:1000:\n');
  write(folder, 'etc/nsswitch.conf', 'hosts: files dns\n');
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  chmodSync(join(folder, 'tmp'), 0o1777);
}

function copyNode(folder) {
  const packages = join(root, 'node_modules', `node-linux-${process.arch}`);
  copy(join(packages, 'bin/node'), join(folder, 'usr/local/bin/node'));
  chmodSync(join(folder, 'usr/local/bin/node'), 0o755);
  copy(join(packages, 'LICENSE'), join(folder, 'usr/share/doc/node/LICENSE'));
}

/** The bundle, the notices of its packages, and the files that its modules read by their place. */
function copyProgram(folder) {
  const app = join(folder, 'app');
  const bundle = join(root, 'cli/dist/bundle');
  if (!existsSync(join(bundle, 'main.js'))) throw new Error('there is no bundle: npm run bundle');
  copy(join(root, 'package.json'), join(app, 'package.json'));
  copy(join(root, 'LICENSE'), join(app, 'LICENSE'));
  // Chunks of earlier builds lie beside those of the last one.
  const builtAt = statSync(join(bundle, 'main.js')).mtimeMs;
  for (const name of readdirSync(bundle))
    if (Math.abs(builtAt - statSync(join(bundle, name)).mtimeMs) < 10_000)
      copy(join(bundle, name), join(app, 'cli/dist/bundle', name));
  for (const part of ['services/console/web/dist', 'rules', 'deploy/ci']) copy(join(root, part), join(app, part));
  copyNotices(app);
}

/** @throws when a program lacks a library in the image, which the machine that builds it may have */
function checkLibraries([packages, ...others], programs) {
  const find = (...patterns) => globSync(patterns, { cwd: packages }).map((path) => join(packages, path));
  const [loader] = find('usr/lib*/ld-linux-*.so.*', 'usr/lib/*/ld-linux-*.so.*');
  const libraries = ['--inhibit-cache', '--library-path', find('usr/lib/*-linux-gnu').join(':')];
  for (const name of programs) {
    const program = [packages, ...others].map((folder) => join(folder, name)).find(existsSync);
    if (!program) throw new Error(`${name} is in no package`);
    const list = execFileSync(loader, [...libraries, '--list', realpathSync(program)], { encoding: 'utf8' });
    const foreign = list.split('\n').filter((line) => line.includes('=>') && !line.includes(packages));
    if (foreign.length > 0) throw new Error(`${name} lacks libraries in the image:\n${foreign.join('\n')}`);
  }
}

function writeLayer(name, folder) {
  const tar = join(work, 'layer.tar');
  const common = ['--format=gnu', '--sort=name', `--mtime=@${epoch()}`, '--numeric-owner', '-C', folder];
  execFileSync('tar', ['-cf', tar, ...common, '--owner=0', '--group=0', ...readdirSync(folder).toSorted()]);
  if (name === 'Tidewaiter') {
    // Data of `up` and the spool of ingest: a volume takes its owner from here.
    mkdirSync(join(folder, 'var/lib/tidewaiter'), { recursive: true, mode: 0o700 });
    execFileSync('tar', [
      '-rf',
      tar,
      ...common,
      '--owner=1000',
      '--group=1000',
      '--no-recursion',
      'var/lib/tidewaiter',
    ]);
  }
  const bytes = readFileSync(tar);
  return {
    name,
    diffId: digestOf(bytes),
    ...writeBlob(gzipSync(bytes), 'application/vnd.oci.image.layer.v1.tar+gzip'),
  };
}

function writeLayout(layers) {
  const created = new Date(epoch() * 1_000).toISOString();
  const { version, license } = { ...json(join(root, 'package.json')), ...json(join(root, 'cli/package.json')) };
  const labels = {
    'org.opencontainers.image.title': 'Tidewaiter',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': license,
  };
  const config = writeBlob(
    JSON.stringify({
      created,
      architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch],
      os: 'linux',
      config: {
        User: '1000:1000',
        WorkingDir: '/app',
        Entrypoint: ['node', '/app/cli/dist/bundle/main.js'],
        Cmd: ['--help'],
        ExposedPorts: { '8080/tcp': {} },
        // As in the Dockerfile.
        Env: [
          'PATH=/usr/local/bin:/usr/sbin:/usr/bin',
          'NODE_ENV=production',
          'NODE_OPTIONS=--max-semi-space-size=8',
          'MALLOC_MMAP_THRESHOLD_=131072',
          'TIDEWAITER_HTTP_HOST=0.0.0.0',
          ...(options.single ? ['TIDEWAITER_HOME=/var/lib/tidewaiter'] : ['TIDEWAITER_HTTP_PORT=8080']),
        ],
        // Docker's; Kubernetes has probes of its own.
        Healthcheck: {
          Test: ['CMD', 'node', '-e', healthCheck],
          Interval: 10e9,
          Timeout: 3e9,
          StartPeriod: 60e9,
          Retries: 3,
        },
        Labels: labels,
      },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(({ name }) => ({ created, created_by: `tools/build-image.mjs: ${name}` })),
    }),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = writeBlob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config,
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
      annotations: { ...labels, 'org.opencontainers.image.created': created },
    }),
    'application/vnd.oci.image.manifest.v1+json',
  );
  const tag = options.name.slice(options.name.lastIndexOf(':') + 1);
  const annotations = { 'io.containerd.image.name': options.name, 'org.opencontainers.image.ref.name': tag };
  write(options.out, 'oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  write(options.out, 'index.json', JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
  return { digest: manifest.digest, bytes: layers.reduce((sum, { size }) => sum + size, 0) };
}

function writeBlob(content, mediaType) {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  writeFileSync(join(options.out, 'blobs', digest.replace(':', '/')), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Time of all files: that of the commit, as reproducible builds take it. */
function epoch() {
  const { SOURCE_DATE_EPOCH } = process.env;
  if (SOURCE_DATE_EPOCH) return Number(SOURCE_DATE_EPOCH);
  return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));
}

function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function write(folder, path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true });
}
