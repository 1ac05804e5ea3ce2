import { shown } from '../check.js';
import type { CommandRule } from './command-rule.js';
import { hasOption, operands, optionValue, subcommand } from './options.js';
import type { Command, Script } from './parse.js';

export const packageManagerWithoutTlsCheck: CommandRule = {
  stem: 'package-manager-without-tls-check',
  title: 'Package manager without TLS certificate verification',
  severity: 'high',
  reason: 'A man in the middle can serve packages, which run as root in the build and later in every container.',
  fix: 'Remove the option; configure the certificate of your mirror in the package manager.',
  reference: 'https://cwe.mitre.org/data/definitions/295.html',
  *find({ commands }) {
    for (const command of commands) {
      const what = insecureManager(command);
      if (what !== undefined) yield what;
    }
  },
  passes: [
    'npm ci',
    'npm config set strict-ssl true',
    'pip install --no-cache-dir requests',
    'pip install --cert /ca.pem requests',
    'conda config --set ssl_verify true',
    'conda config --set ssl_verify /etc/ssl/ca.pem',
    'echo "strict-ssl false"',
  ],
  fails: [
    'npm config set strict-ssl false',
    'npm config set strict-ssl=false && npm i',
    'npm install --strict-ssl=false',
    'yarn config set strict-ssl false',
    'pip install --trusted-host pypi.example.com requests',
    'python3 -m pip install --trusted-host=pypi.example.com requests',
    'pip config set global.trusted-host pypi.example.com',
    'conda config --set ssl_verify false',
    'NODE_TLS_REJECT_UNAUTHORIZED=0 npm ci',
    'apt-get -o Acquire::https::Verify-Peer=false update',
    'composer config -g disable-tls true',
    'yum install --setopt=sslverify=false -y curl',
    'dnf config-manager --save --setopt=sslverify=0',
  ],
};

function insecureManager(command: Command): string | undefined {
  const { name, args, assignments } = command;
  const text = args.join(' ').slice(0, 4000);
  if (['npm', 'yarn', 'pnpm'].includes(name)) {
    if (assignments.includes('NODE_TLS_REJECT_UNAUTHORIZED=0')) return `${name} with NODE_TLS_REJECT_UNAUTHORIZED=0`;
    return /strict-ssl[ =](?:false|0|null)\b/.test(text) || args.includes('--no-strict-ssl')
      ? `${name} with strict-ssl=false`
      : undefined;
  }
  if (isPip(command)) return /--trusted-host|\btrusted-host\b/.test(text) ? `${name} with trusted-host` : undefined;
  if (/^(?:conda|mamba|micromamba)$/.test(name))
    return /ssl_verify (?:false|no)\b/i.test(text) ? `${name} with ssl_verify false` : undefined;
  if (isApt(command))
    return /Verify-(?:Peer|Host)=["']?(?:false|0|no)\b/i.test(text) ? `${name} with Verify-Peer=false` : undefined;
  if (name === 'composer')
    return /disable-tls (?:true|1)\b|secure-http (?:false|0)\b/.test(text) ? 'composer without TLS' : undefined;
  if (isRpmManager(command))
    return /sslverify=(?:false|0|no)\b/i.test(text) ? `${name} with sslverify=false` : undefined;
  return undefined;
}

function isPip({ name, args }: Command): boolean {
  return /^pip[\d.]{0,6}$/.test(name) || (/^(?:python[\d.]{0,6}|uv)$/.test(name) && args.includes('pip'));
}

function isApt({ name }: Command): boolean {
  return name === 'apt-get' || name === 'apt' || name === 'aptitude';
}

function isRpmManager({ name }: Command): boolean {
  return ['yum', 'dnf', 'dnf5', 'microdnf', 'tdnf'].includes(name);
}

export const unauthenticatedPackages: CommandRule = {
  stem: 'unauthenticated-packages',
  title: 'Packages installed without signature verification',
  severity: 'high',
  reason: 'Only signatures prove that a package is from the distribution and not from a man in the middle.',
  fix: 'Remove the option and import the key of the repository.',
  reference: 'https://manpages.debian.org/apt-secure.8',
  *find({ commands }) {
    for (const command of commands) {
      const option = unsignedOption(command);
      if (option !== undefined) yield `${command.name} ${option}`.trim();
    }
  },
  passes: [
    'apt-get install -y curl',
    'apk add --no-cache curl',
    'yum install -y curl',
    'echo --allow-untrusted',
    'echo "deb [ trusted=yes ] file:///tmp/repo ./" > /etc/apt/sources.list.d/a.list',
    'rpm -i a.rpm',
  ],
  fails: [
    'apt-get install -y --allow-unauthenticated curl',
    'apt-get -y --force-yes install curl',
    'apt-get -o Acquire::AllowInsecureRepositories=true update',
    'echo "deb [trusted=yes] https://example.com/deb ./" > /etc/apt/sources.list.d/a.list',
    'apk add --allow-untrusted ./a.apk',
    'yum install -y --nogpgcheck a',
    'dnf --setopt=gpgcheck=0 install a',
    'zypper --no-gpg-checks install a',
    'rpm -i --nosignature a.rpm',
    'tdnf install --nogpgcheck a',
  ],
};

function unsignedOption(command: Command): string | undefined {
  const { name, args } = command;
  if (args.some((word) => /\[[^\]]{0,200}trusted=yes[^\]]{0,200}\]\s{0,8}(?!\s|file:)/.test(word.slice(0, 2000))))
    return '[trusted=yes]';
  const options = unsignedOptions.get(isRpmManager(command) ? 'dnf' : isApt(command) ? 'apt' : name);
  return options?.find((option) => args.some((word) => word.toLowerCase().endsWith(option.toLowerCase())));
}

const unsignedOptions = new Map([
  [
    'apt',
    [
      '--allow-unauthenticated',
      '--allow-insecure-repositories',
      '--force-yes',
      'AllowUnauthenticated=true',
      'AllowUnauthenticated=1',
      'AllowInsecureRepositories=true',
      'AllowInsecureRepositories=1',
    ],
  ],
  ['dnf', ['--nogpgcheck', '--no-gpgchecks', 'gpgcheck=0', 'gpgcheck=false', 'gpgcheck=no']],
  ['zypper', ['--no-gpg-checks', '--no-gpg-check']],
  ['apk', ['--allow-untrusted']],
  ['rpm', ['--nosignature', '--nogpg']],
  ['dpkg', ['--force-bad-verify', '--force-all']],
]);

export const packageCache: CommandRule = {
  stem: 'package-cache',
  title: 'Package manager cache left in image',
  severity: 'negligible',
  reason: 'It enlarges the image, and outdated package lists in it lead to old versions.',
  fix: 'Clean up in the same step: rm -rf /var/lib/apt/lists/*, apk add --no-cache, dnf clean all, pip --no-cache-dir, or mount a cache.',
  reference: 'https://docs.docker.com/build/building/best-practices/#apt-get',
  *find(script) {
    for (const { name, cleans, installs } of caches) {
      if (script.commands.some(installs) && !cleans(script)) yield `${name} install`;
    }
  },
  passes: [
    'apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*',
    'apk add --no-cache curl',
    'apk -U add curl && rm -rf /var/cache/apk/*',
    'dnf install -y curl && dnf clean all',
    'microdnf install curl && microdnf clean all',
    'pip install --no-cache-dir requests',
    'PIP_NO_CACHE_DIR=1 pip install requests',
    'zypper -n install curl && zypper clean -a',
    'echo apt-get install curl',
  ],
  fails: [
    'apt-get update && apt-get install -y curl',
    'apk add curl',
    'apk update && apk add curl',
    'yum -y install curl',
    'pip install requests',
    'zypper --non-interactive install curl',
  ],
};

const installVerbs = new Set([
  'install',
  'add',
  'in',
  'localinstall',
  'groupinstall',
  'reinstall',
  'upgrade',
  'dist-upgrade',
]);

function isInstall(command: Command): boolean {
  return installVerbs.has(subcommand(command).verb);
}

const removes = ({ commands }: Script, folder: string) =>
  commands.some(
    ({ name, args }) =>
      /^(?:rm|find)$/.test(name) && args.some((word) => word.includes(folder) || folder.startsWith(`${word}/`)),
  );
const cleansAll = ({ commands }: Script, name: RegExp) =>
  commands.some((command) => name.test(command.name) && subcommand(command).verb === 'clean');

const caches: { name: string; installs: (command: Command) => boolean; cleans: (script: Script) => boolean }[] = [
  {
    name: 'apt',
    installs: (command) => isApt(command) && isInstall(command),
    cleans: (script) => removes(script, '/var/lib/apt/lists') || removes(script, '/var/cache/apt'),
  },
  {
    name: 'apk',
    installs: (command) =>
      command.name === 'apk' && subcommand(command).verb === 'add' && !hasOption(command, '--no-cache'),
    cleans: (script) =>
      removes(script, '/var/cache/apk') ||
      script.commands.some(({ name, args }) => name === 'apk' && args.includes('clean')),
  },
  {
    name: 'dnf',
    installs: (command) => isRpmManager(command) && isInstall(command),
    cleans: (script) =>
      cleansAll(script, /^(?:yum|dnf5?|microdnf|tdnf)$/) ||
      removes(script, '/var/cache/yum') ||
      removes(script, '/var/cache/dnf') ||
      removes(script, '/var/cache/libdnf5'),
  },
  {
    name: 'zypper',
    installs: (command) => command.name === 'zypper' && isInstall(command),
    cleans: (script) =>
      script.commands.some(({ name, args }) => name === 'zypper' && (args.includes('clean') || args.includes('cc'))) ||
      removes(script, '/var/cache/zypp'),
  },
  {
    name: 'pip',
    installs: (command) =>
      isPip(command) &&
      command.name !== 'uv' &&
      operands(command).includes('install') &&
      !hasOption(command, '--no-cache-dir', '--no-cache') &&
      !command.assignments.some((text) => text.startsWith('PIP_NO_CACHE_DIR=')),
    cleans: (script) =>
      removes(script, '/root/.cache/pip') ||
      removes(script, '~/.cache/pip') ||
      script.commands.some((command) => isPip(command) && command.args.includes('purge')),
  },
];

export const sshServerInstalled: CommandRule = {
  stem: 'ssh-server-installed',
  title: 'SSH or remote shell server installed',
  severity: 'low',
  reason: 'Containers are accessed through the runtime; a login service adds keys, passwords and a port to attack.',
  fix: 'Remove it and use docker exec or kubectl debug.',
  reference: 'CIS Docker Benchmark 1.6, 5.7',
  *find({ commands }) {
    for (const command of commands) {
      if (!isManager(command) || !isInstall(command)) continue;
      const name = subcommand(command).names.find((word) => isServer(word, command.name));
      if (name !== undefined) yield `${command.name} install ${shown(name, 60)}`;
    }
  },
  passes: [
    'apt-get install -y openssh-client',
    'apk add openssh-client',
    'apt-get remove openssh-server',
    'pip install dropbear',
  ],
  fails: [
    'apt-get install -y openssh-server',
    'apk add --no-cache openssh',
    'yum install -y dropbear',
    'apt-get install -y telnetd=0.17',
  ],
};

const servers = new Set([
  'openssh-server',
  'dropbear',
  'dropbear-bin',
  'telnetd',
  'inetutils-telnetd',
  'rsh-server',
  'telnet-server',
  'tinysshd',
]);

function isServer(word: string, manager: string): boolean {
  const name = word.split(/[=<>~@:]/, 1)[0]!;
  // Alpine's `openssh` contains client and server.
  return servers.has(name) || (manager === 'apk' && name === 'openssh');
}

function isManager(command: Command): boolean {
  return isApt(command) || isRpmManager(command) || command.name === 'apk' || command.name === 'zypper';
}

export const sudoUsed: CommandRule = {
  stem: 'sudo',
  title: 'sudo used or installed in build',
  severity: 'low',
  reason: 'sudo is setuid root, which gives an intruder one more way to escalate privileges.',
  fix: 'Run privileged steps before USER; to drop privileges at startup use gosu, su-exec or setpriv.',
  reference: 'https://docs.docker.com/build/building/best-practices/#user',
  *find({ commands }) {
    for (const command of commands) {
      if (command.wrappers.includes('sudo')) yield 'sudo';
      else if (isManager(command) && isInstall(command) && subcommand(command).names.includes('sudo'))
        yield `${command.name} install sudo`;
    }
  },
  passes: ['apt-get install -y curl', 'apt-get purge -y sudo', 'echo sudo'],
  fails: [
    'sudo apt-get update',
    'apt-get install -y sudo',
    'if true; then sudo -E make; fi',
    'apk add --no-cache curl sudo',
  ],
};

export const plainPackageIndex: CommandRule = {
  stem: 'plain-package-index',
  title: 'Package index without encryption',
  severity: 'medium',
  reason: 'Indexes of pip, npm, gem and Go are unsigned: only TLS protects them.',
  fix: 'Use the https:// address of the index.',
  reference: 'https://cwe.mitre.org/data/definitions/319.html',
  *find({ commands }) {
    for (const command of commands) {
      if (hasPlainIndex(command)) yield `${command.name} with a plain index`;
    }
  },
  passes: [
    'pip install --index-url https://pypi.example.com/simple requests',
    'npm ci --registry=https://npm.example.com',
    'gem install --source https://rubygems.org rake',
    'npm config set registry http://localhost:4873',
  ],
  fails: [
    'pip install --index-url http://pypi.example.com/simple requests',
    'pip3 install --extra-index-url=http://pypi.example.com/simple requests',
    'npm config set registry http://npm.example.com',
    'npm ci --registry=http://npm.example.com',
    'gem install --source http://rubygems.org rake',
  ],
};

function hasPlainIndex(command: Command): boolean {
  const url = indexOf(command) ?? '';
  return url.startsWith('http://') && !/^http:\/\/(?:localhost|127\.)/.test(url);
}

function indexOf(command: Command): string | undefined {
  if (isPip(command)) return optionValue(command, '--index-url', '-i', '--extra-index-url');
  if (command.name === 'gem') return optionValue(command, '--source', '-s');
  if (!/^(?:npm|yarn|pnpm)$/.test(command.name)) return undefined;
  return optionValue(command, '--registry', 'registry');
}
