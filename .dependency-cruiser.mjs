import { libsOf } from './tools/workspaces.mjs';

const folderOf = (...kinds) => `^libs/(${libsOf(...kinds).join('|')})/`;
const pure = folderOf('pure');
const adapters = folderOf('adapter');
/** Commands that run without a server; `routes replay` is one of the database. */
const offline =
  '^cli/src/(completion|diff|entries|explain|gate|lists|policies|replay|routes|rules|sbom|scan|sources|target|views)/';
const offlineAdapters = '^libs/(registry|egress|sandbox|advisory-file|advisory-sync|receivers|rule-files)/';
/** Rules bind code; tests may reach for what they need. */
const code = (path) => ({ path, pathNot: '\\.test\\.ts$' });

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Two modules that need each other are one module, or miss a third.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-alone',
      severity: 'error',
      comment: 'The vocabulary imports nothing.',
      from: code('^libs/domain/'),
      to: { pathNot: '^libs/domain/' },
    },
    {
      name: 'pure-libs',
      severity: 'error',
      comment: 'Rules and parsers take values: pass the data in from an adapter.',
      from: code(pure),
      to: { path: ['^libs/', 'node_modules/(@nestjs|typeorm|bullmq|@nats-io|pg|undici|nodemailer)/'], pathNot: pure },
    },
    {
      name: 'pure-libs-no-io',
      severity: 'error',
      comment: 'Streams in, values out; open files and sockets in an adapter.',
      from: code(pure),
      to: { dependencyTypes: ['core'], path: '^(fs|fs/promises|net|http|https|tls|child_process)$' },
    },
    {
      name: 'adapters-do-not-meet',
      severity: 'error',
      comment: 'An adapter hides one client; join two in a service. Only `egress` and `runtime` are shared.',
      from: code(adapters),
      to: { path: adapters, pathNot: ['^libs/$1/', '^libs/(egress|runtime)/'] },
    },
    {
      name: 'web-pages',
      severity: 'error',
      comment: 'The pages run in browsers: they know the API by its document, and the vocabulary.',
      from: code('^services/console/web/'),
      to: {
        path: ['^libs/', '^services/', '^cli/', 'node_modules/(@nestjs|typeorm|bullmq|@nats-io|pg|undici)/'],
        pathNot: ['^libs/domain/', '^services/console/web/'],
      },
    },
    {
      name: 'libs-not-to-services',
      severity: 'error',
      comment: 'Move the code into the lib, or pass it in.',
      from: { path: '^libs/' },
      to: { path: '^(services|cli)/' },
    },
    {
      name: 'services-meet-on-the-bus',
      severity: 'error',
      comment: 'Publish an event, or move the code to a lib.',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'offline-commands',
      severity: 'error',
      comment:
        'This command runs without a server: use pure libs, registry, egress, sandbox, advisory-file, advisory-sync, receivers and rule-files. What needs the database or a service belongs into a command of its own.',
      from: {
        path: [offline, '^cli/src/[^/]+\\.ts$'],
        pathNot: ['\\.test\\.ts$', '^cli/src/(program|database)\\.ts$', '^cli/src/routes/routes-replay'],
      },
      to: {
        path: '^(libs|services|cli/src)/',
        pathNot: [
          ...[pure, offline, offlineAdapters, '^cli/src/(?!database)[^/]+\\.ts$'],
          // Downloads that the user agreed to or configured, and names of keys.
          ...['^cli/src/advisories/(sync|take-file)\\.ts$', '^cli/src/find/expression-keys'],
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'offline-adapters',
      severity: 'error',
      comment: 'Commands use this adapter without a server: declare what it needs, and let the service pass it.',
      from: code(offlineAdapters),
      to: {
        path: [
          '^libs/(bus|queue|runtime|servers|store)/',
          'node_modules/(@nestjs|@nats-io|@opentelemetry|bullmq|fastify|pg|pino|prom-client|rxjs|typeorm)/',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'front-door-only',
      severity: 'error',
      comment: 'Import the package by its name; add the export to its index.ts.',
      from: { path: '^(libs|services|cli)/([^/]+)/' },
      to: { path: '^libs/[^/]+/(src|dist)/', pathNot: ['^libs/[^/]+/(src|dist)/index\\.', '^libs/$2/'] },
    },
    {
      name: 'testkit-in-tests-only',
      severity: 'error',
      comment: 'The testkit starts servers and makes images; the product must not.',
      from: { pathNot: ['\\.test\\.ts$', '^libs/testkit/'] },
      to: { path: '^libs/testkit/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: '/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.paths.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
