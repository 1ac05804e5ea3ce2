import { isSecretName, isSecretValue } from '../secret-name.js';
import { hasPassword } from '../shell/privileges.js';
import type { EnvironmentRule, Variable } from './environment-rule.js';

const isOn = (value: string) => /^(?:1|true|yes|on|t|y)$/i.test(value.trim());
const isOff = (value: string) => /^(?:0|false|no|off|f|n)$/i.test(value.trim());

const secretInEnv: EnvironmentRule = {
  stem: 'secret-in-env',
  title: 'Secret in environment variable',
  severity: 'high',
  reason:
    'Environment variables are visible in the image config or the manifest, in every child process and in many logs.',
  fix: 'Mount it as a file at startup or reference a Secret, and rotate it; treat it as leaked.',
  reference: 'https://cwe.mitre.org/data/definitions/526.html',
  evaluate: ({ name, value }) => {
    if (isSecretName(name) && isSecretValue(value)) return 'holds a secret';
    return value.split(/[\s,;]/, 50).some(hasPassword) ? 'holds a URL with a password' : undefined;
  },
  passes: [
    'DB_PASSWORD=',
    'DB_PASSWORD_FILE=/run/secrets/db',
    'TOKEN_URL=https://example.com/token',
    'PWD=/app',
    'OLDPWD=/srv/app',
    'MAX_TOKENS=4096',
    'ALLOW_EMPTY_PASSWORD=yes',
    'TOKENIZERS_PARALLELISM=false',
    'API_KEY=${API_KEY}',
    'SECRET_NAME=shop-database',
    'GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D',
    'PASSWORD=/run/secrets/password',
    'AUTHOR=me',
    'PROXY=http://proxy.example.com:3128',
    'DATABASE_URL=postgres://app:$PASSWORD@db/shop',
  ],
  fails: [
    'DB_PASSWORD=hunter2',
    'GITHUB_TOKEN=abcdef123456',
    'AWS_SECRET_ACCESS_KEY=abc/def+123',
    'apiKey=abcdef123',
    'MYSQL_ROOT_PASSWORD=root',
    'STRIPE_SECRET_KEY=abcdefgh',
    'DATABASE_URL=postgres://app:hunter2@db/shop',
    'HTTPS_PROXY=http://me:hunter2@proxy.example.com:3128',
    'ADMIN_PASS=letmein',
  ],
};

const tlsOffValues = new Map<string, (value: string) => boolean>([
  ['NODE_TLS_REJECT_UNAUTHORIZED', (value) => value.trim() === '0'],
  ['PYTHONHTTPSVERIFY', (value) => value.trim() === '0'],
  ['GIT_SSL_NO_VERIFY', (value) => value !== '' && !isOff(value)],
  ['NPM_CONFIG_STRICT_SSL', isOff],
  ['YARN_ENABLE_STRICT_SSL', isOff],
  ['PIP_TRUSTED_HOST', (value) => value.trim() !== ''],
  ['CONDA_SSL_VERIFY', isOff],
  ['SSL_VERIFY', isOff],
  ['GOINSECURE', (value) => value.trim() !== ''],
  ['VAULT_SKIP_VERIFY', isOn],
  ['CONSUL_HTTP_SSL_VERIFY', isOff],
  ['AWS_NO_VERIFY_SSL', isOn],
  ['CURL_INSECURE', isOn],
  ['HTTPLIB_INSECURE', isOn],
  ['COMPOSER_DISABLE_TLS', isOn],
  ['KUBE_TLS_INSECURE', isOn],
  ['DENO_TLS_CA_STORE', (value) => value.trim() === 'none'],
]);

const tlsVerificationOff: EnvironmentRule = {
  stem: 'tls-verification-off',
  title: 'TLS verification disabled by environment variable',
  severity: 'high',
  reason: 'A man in the middle can read and change every connection of the program.',
  fix: 'Remove it; configure the certificate of your CA (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE).',
  reference: 'https://cwe.mitre.org/data/definitions/295.html',
  evaluate: ({ name, value }) =>
    tlsOffValues.get(name.toUpperCase())?.(value) ? 'disables TLS verification' : undefined,
  passes: [
    'NODE_TLS_REJECT_UNAUTHORIZED=1',
    'PYTHONHTTPSVERIFY=1',
    'GIT_SSL_NO_VERIFY=false',
    'NODE_EXTRA_CA_CERTS=/ca.pem',
    'PIP_TRUSTED_HOST=',
  ],
  fails: [
    'NODE_TLS_REJECT_UNAUTHORIZED=0',
    'PYTHONHTTPSVERIFY=0',
    'GIT_SSL_NO_VERIFY=1',
    'npm_config_strict_ssl=false',
    'PIP_TRUSTED_HOST=pypi.example.com',
    'VAULT_SKIP_VERIFY=true',
  ],
};

const debugMode: EnvironmentRule = {
  stem: 'debug-mode',
  title: 'Debug mode enabled by environment variable',
  severity: 'medium',
  reason: 'Debuggers and development servers execute code of every client and expose stack traces and settings.',
  fix: 'Remove it from the release; set it in development only.',
  reference: 'https://cwe.mitre.org/data/definitions/489.html',
  evaluate: (variable) => debugSetting(variable),
  passes: [
    'FLASK_DEBUG=0',
    'NODE_ENV=production',
    'NODE_OPTIONS=--max-old-space-size=512',
    'JAVA_TOOL_OPTIONS=-Xmx512m',
    'FLASK_ENV=production',
    'DEBUG=',
    'DEBIAN_FRONTEND=noninteractive',
    'RAILS_ENV=production',
  ],
  fails: [
    'FLASK_DEBUG=1',
    'FLASK_ENV=development',
    'DJANGO_DEBUG=True',
    'NODE_OPTIONS=--inspect=0.0.0.0:9229',
    'JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005',
    'RAILS_ENV=development',
    'APP_DEBUG=true',
    'ASPNETCORE_ENVIRONMENT=Development',
    'WERKZEUG_DEBUG_PIN=off',
  ],
};

const debugSwitches = new Set([
  'FLASK_DEBUG',
  'DJANGO_DEBUG',
  'APP_DEBUG',
  'WP_DEBUG',
  'QUARKUS_DEBUG',
  'SYMFONY_DEBUG',
  'PHP_DISPLAY_ERRORS',
]);
const environmentNames = new Set([
  'FLASK_ENV',
  'RAILS_ENV',
  'RACK_ENV',
  'APP_ENV',
  'SYMFONY_ENV',
  'ASPNETCORE_ENVIRONMENT',
  'DOTNET_ENVIRONMENT',
  'NODE_ENV',
  'MIX_ENV',
]);

function debugSetting({ name, value }: Variable): string | undefined {
  if (debugSwitches.has(name) && isOn(value)) return 'enables debugging';
  if (environmentNames.has(name) && /^dev(?:elopment)?$/i.test(value.trim())) return 'selects the development mode';
  if (name === 'WERKZEUG_DEBUG_PIN' && value.trim() === 'off') return 'exposes the debugger on the network';
  if (name === 'NODE_OPTIONS' && /--inspect(?:-brk)?(?:[= ]|$)/.test(value.slice(0, 4000)))
    return 'exposes the Node.js debugger';
  return /OPTIONS$|OPTS$/.test(name) && value.includes('jdwp=') ? 'exposes the Java debugger' : undefined;
}

const preload: EnvironmentRule = {
  stem: 'preload',
  title: 'Library preloaded into every program (LD_PRELOAD)',
  severity: 'low',
  reason:
    'The library can read and change the behavior of every program in the container; rootkits and miners hide this way.',
  fix: 'Link the library, or set the variable only for the program that needs it.',
  reference: 'https://attack.mitre.org/techniques/T1574/006/',
  evaluate: ({ name, value }) =>
    (name === 'LD_PRELOAD' || name === 'LD_AUDIT' || name === 'DYLD_INSERT_LIBRARIES') && value.trim() !== ''
      ? 'preloads a library into every program'
      : undefined,
  passes: ['LD_PRELOAD=', 'LD_LIBRARY_PATH=/usr/local/lib'],
  fails: ['LD_PRELOAD=/usr/lib/libjemalloc.so.2', 'LD_AUDIT=/tmp/a.so'],
};

const unsafePath: EnvironmentRule = {
  stem: 'unsafe-path',
  title: 'World-writable or relative directory in search path',
  severity: 'medium',
  reason: 'A file there with the name of a common command runs instead of it, with the permissions of the caller.',
  fix: 'Remove relative directories and /tmp from PATH and from library and module paths.',
  reference: 'https://cwe.mitre.org/data/definitions/426.html',
  evaluate: ({ name, value }) => {
    if (!/^(?:PATH|LD_LIBRARY_PATH)$/.test(name) || value.trim() === '') return undefined;
    const bad = value
      .split(':')
      .find((folder) => /^(?:\.{0,2}|\.{1,2}\/.*|\/(?:var\/)?tmp(?:\/.*)?|\/dev\/shm(?:\/.*)?)$/.test(folder));
    if (bad === undefined) return undefined;
    // `/a:$LD_LIBRARY_PATH` may expand to `/a:`; the loader reads the empty entry as the working
    // directory.
    return bad === '' ? 'has an empty entry, which is the working directory' : `has ${bad.slice(0, 100)}`;
  },
  passes: [
    'PATH=/usr/local/sbin:/usr/bin:/bin',
    'PATH=/app/node_modules/.bin:/usr/bin',
    'TMPDIR=/tmp',
    'PATH=/opt/tmp/bin:/bin',
    'PATH=',
  ],
  fails: [
    'PATH=.:/usr/bin',
    'PATH=/usr/bin:',
    'PATH=/tmp/bin:/usr/bin',
    'LD_LIBRARY_PATH=/var/tmp',
    'PATH=/usr/bin::/bin',
  ],
};

const authenticationOff: EnvironmentRule = {
  stem: 'authentication-off',
  title: 'Authentication disabled by environment variable',
  severity: 'high',
  reason: 'Every client that reaches the port can read and change all data.',
  fix: 'Set a password through a secret and remove the variable.',
  reference: 'https://cwe.mitre.org/data/definitions/306.html',
  evaluate: ({ name, value }) => {
    if (name === 'POSTGRES_HOST_AUTH_METHOD') return value.trim() === 'trust' ? 'disables authentication' : undefined;
    if (authenticationSwitches.has(name)) return isOn(value) ? 'disables authentication' : undefined;
    if (authenticationNeeded.has(name)) return isOff(value) ? 'disables authentication' : undefined;
    return name === 'NEO4J_AUTH' && value.trim() === 'none' ? 'disables authentication' : undefined;
  },
  passes: [
    'POSTGRES_HOST_AUTH_METHOD=scram-sha-256',
    'ALLOW_EMPTY_PASSWORD=no',
    'MYSQL_ALLOW_EMPTY_PASSWORD=',
    'xpack.security.enabled=true',
  ],
  fails: [
    'POSTGRES_HOST_AUTH_METHOD=trust',
    'MYSQL_ALLOW_EMPTY_PASSWORD=yes',
    'ALLOW_ANONYMOUS_LOGIN=yes',
    'xpack.security.enabled=false',
    'NEO4J_AUTH=none',
    'DISABLE_SECURITY_PLUGIN=true',
  ],
};

const authenticationSwitches = new Set([
  'MYSQL_ALLOW_EMPTY_PASSWORD',
  'MARIADB_ALLOW_EMPTY_PASSWORD',
  'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD',
  'ALLOW_EMPTY_PASSWORD',
  'ALLOW_ANONYMOUS_LOGIN',
  'GF_AUTH_ANONYMOUS_ENABLED',
  'DISABLE_SECURITY_PLUGIN',
  'AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED',
  'DISABLE_AUTH',
]);
const authenticationNeeded = new Set(['xpack.security.enabled', 'REDIS_PROTECTED_MODE']);

/** Rules for variables in image configs, Dockerfiles and manifests. */
export const environmentRules: readonly EnvironmentRule[] = [
  authenticationOff,
  debugMode,
  preload,
  secretInEnv,
  tlsVerificationOff,
  unsafePath,
];
