import { shown } from '../check.js';
import type { CommandRule } from './command-rule.js';
import { operands, optionValue } from './options.js';
import type { Command, ShellPipeline } from './parse.js';

export const worldWritable: CommandRule = {
  stem: 'world-writable',
  title: 'World-writable files',
  severity: 'medium',
  reason: 'Every process in the container can replace files that others read or execute.',
  fix: 'Give ownership to the one user that needs it: chown, or COPY --chown.',
  reference: 'https://cwe.mitre.org/data/definitions/732.html',
  *find({ commands }) {
    for (const { mode, name, target } of modesOf(commands)) if (opensToAll(mode)) yield `${name} ${mode} ${target}`;
  },
  passes: [
    'chmod 755 /app',
    'chmod 1777 /tmp',
    'chmod +x /run.sh',
    'chmod 0775 /a',
    'echo chmod 777 /',
    'chmod a+rx /a',
    'chmod u+w,o-w /a',
  ],
  fails: [
    'chmod 777 /app',
    'chmod -R 0777 /var/www',
    'chmod a+w /a',
    'chmod o+rw /a',
    'chmod -R ugo+rwx /a',
    'mkdir -m 777 /a',
    'chmod 666 /etc/passwd',
    'chmod a=rwx /a',
    'install -m 0666 a /b',
  ],
};

export const setUserId: CommandRule = {
  stem: 'set-uid',
  title: 'Setuid bit set in build step',
  severity: 'medium',
  reason: 'Every user runs the program as its owner; a vulnerability in it leads to root.',
  fix: 'Remove the bit; grant the one needed capability with setcap or in the runtime.',
  reference: 'CIS Docker Benchmark 1.6, 4.8',
  *find({ commands }) {
    for (const { mode, name, target } of modesOf(commands)) if (setsUserId(mode)) yield `${name} ${mode} ${target}`;
  },
  passes: [
    'chmod 755 /a',
    'chmod u-s /usr/bin/su',
    'chmod 1777 /tmp',
    'find / -perm /6000 -exec chmod a-s {} +',
    'chmod u+x /a',
    'chmod 2775 /srv',
    'chmod g+s /srv',
    'install -d -m 3777 /run/a',
  ],
  fails: [
    'chmod u+s /a',
    'chmod 4755 /a',
    'chmod -v 06755 /a',
    'chmod +s /bin/a',
    'install -m 4755 a /usr/bin/a',
    'chmod ug+xs /a',
  ],
};

interface Mode {
  name: string;
  mode: string;
  target: string;
}

function* modesOf(commands: readonly Command[]): Generator<Mode> {
  for (const command of commands) {
    const { name } = command;
    if (name === 'chmod') {
      const [mode = '', target = ''] = command.args.filter((word) => !/^-[A-Zvcf-]/.test(word) || word === '');
      yield { name, mode: shown(mode, 40), target: shown(target, 100) };
    } else if (name === 'mkdir' || name === 'install') {
      const mode = optionValue(command, '-m', '--mode');
      if (mode !== undefined)
        yield { name: `${name} -m`, mode: shown(mode, 40), target: shown(operands(command).at(-1) ?? '', 100) };
    }
  }
}

/** Whether others may write and the sticky bit, which protects /tmp, is not set. */
export function opensToAll(mode: string): boolean {
  if (/^[0-7]{3,5}$/.test(mode)) {
    const bits = Number.parseInt(mode, 8);
    return (bits & 0o2) !== 0 && (bits & 0o1000) === 0;
  }
  return mode.split(',').some((part) => /^(?:[ugo]{0,3}[oa][ugoa]{0,3})[+=][rxXst]{0,5}w/.test(part));
}

/** Setgid alone is left out: it is mostly for directories, whose new files inherit the group. */
function setsUserId(mode: string): boolean {
  if (/^[0-7]{4,5}$/.test(mode)) return (Number.parseInt(mode, 8) & 0o4000) !== 0;
  return mode.split(',').some((part) => /^(?:[ugoa]{0,3}[ua][ugoa]{0,3})?[+=][rwxXt]{0,5}s/.test(part));
}

export const passwordInCommand: CommandRule = {
  stem: 'password-in-command',
  title: 'Password in build command',
  severity: 'high',
  reason: 'Build steps are stored in the history of the image, readable for everyone who pulls it.',
  fix: 'Use RUN --mount=type=secret and rotate the password; treat it as leaked.',
  reference: 'https://docs.docker.com/build/building/secrets/',
  *find({ pipelines }) {
    for (const pipeline of pipelines) {
      const what = pipedPassword(pipeline) ?? pipeline.map(givenPassword).find((found) => found !== undefined);
      if (what !== undefined) yield what;
    }
  },
  passes: [
    'echo "root:$PASSWORD" | chpasswd',
    'useradd -m app',
    'curl -u "$USER:$PASS" https://example.com',
    'chpasswd < /run/secrets/passwords',
    'mysql -p',
    'sshpass -e ssh example.com',
    'cat /run/secrets/a | docker login --password-stdin',
  ],
  fails: [
    "echo 'root:toor' | chpasswd",
    'echo "app:s3cr3t" | sudo chpasswd',
    "printf 'root:%s' hunter2 | chpasswd",
    'useradd -m -p s3cr3t app',
    'curl -u admin:s3cr3t https://example.com',
    'wget --password=s3cr3t https://example.com',
    'sshpass -p s3cr3t ssh example.com',
    'echo s3cr3t | passwd --stdin root',
    'mysql -uroot -ps3cr3t -e "select 1"',
    'git clone https://me:s3cr3t@example.com/a.git',
    'docker login -u me -p s3cr3t registry.example.com',
  ],
};

const literal = (value: string | undefined) =>
  value !== undefined && value.length > 2 && !/[$`]/.test(value) && !value.startsWith('-');

function pipedPassword(pipeline: ShellPipeline): string | undefined {
  const at = pipeline.findIndex(
    ({ name, args }) => name === 'chpasswd' || (name === 'passwd' && args.includes('--stdin')),
  );
  const source = pipeline[at - 1];
  if (source === undefined || !/^(?:echo|printf)$/.test(source.name)) return undefined;
  const text = operands(source).join(' ');
  return literal(text) ? `${source.name} … | ${pipeline[at]!.name}` : undefined;
}

function givenPassword(command: Command): string | undefined {
  const { name, args } = command;
  switch (name) {
    case 'useradd':
    case 'usermod':
      return literal(optionValue(command, '-p', '--password')) ? `${name} -p …` : undefined;
    case 'sshpass':
      return args.some((word, index) => /^-p/.test(word) && literal(word === '-p' ? args[index + 1] : word.slice(2)))
        ? 'sshpass -p …'
        : undefined;
    case 'curl':
      return isUserAndPassword(optionValue(command, '-u', '--user', '--proxy-user')) || args.some(hasPassword)
        ? 'curl -u …'
        : undefined;
    case 'wget':
      return literal(optionValue(command, '--password', '--http-password', '--ftp-password')) || args.some(hasPassword)
        ? 'wget --password …'
        : undefined;
    case 'mysql':
    case 'mysqldump':
    case 'mysqladmin':
    case 'mariadb':
      return args.some((word) => literal(/^(?:-p|--password=)(.+)$/s.exec(word)?.[1])) ? `${name} -p…` : undefined;
    case 'docker':
    case 'podman':
    case 'helm':
      return args.includes('login') && literal(optionValue(command, '-p', '--password'))
        ? `${name} login -p …`
        : undefined;
    default:
      return ['git', 'pip', 'pip3', 'npm', 'svn'].includes(name) && args.some(hasPassword)
        ? `${name} with a password in its URL`
        : undefined;
  }
}

function isUserAndPassword(value: string | undefined): boolean {
  return value !== undefined && /^[^:$`]{1,200}:[^$`]{3,}$/.test(value);
}

/** Whether a URL contains a literal user and password. */
export function hasPassword(url: string): boolean {
  return /^[a-z][a-z0-9+.-]{1,20}:\/\/[^/@:$`{<]{0,200}:[^/@$`{<]{3,400}@/i.test(url);
}

export const passwordlessRoot: CommandRule = {
  stem: 'passwordless-root',
  title: 'Root access without password',
  severity: 'high',
  reason: 'Every user of the container becomes root with one command.',
  fix: 'Remove sudo from the image and keep the root password locked.',
  reference: 'https://cwe.mitre.org/data/definitions/250.html',
  *find({ commands }) {
    for (const command of commands) {
      const what = openRoot(command);
      if (what !== undefined) yield what;
    }
  },
  passes: [
    'passwd -l root',
    'useradd -u 1000 app',
    'echo "app ALL=(root) /usr/bin/id" > /etc/sudoers.d/app',
    'adduser -D app',
    'usermod -aG docker app',
  ],
  fails: [
    'passwd -d root',
    'echo "app ALL=(ALL) NOPASSWD:ALL" >> /etc/sudoers',
    "sed -i 's/^%sudo.*/%sudo ALL=(ALL:ALL) NOPASSWD: ALL/' /etc/sudoers",
    'useradd -o -u 0 toor',
    "usermod -p '' root",
  ],
};

function openRoot(command: Command): string | undefined {
  const { name, args } = command;
  if (name === 'passwd' && args.some((word) => word === '-d' || word === '--delete')) return 'passwd -d';
  if (
    /^(?:echo|printf|sed|tee|cat)$/.test(name) &&
    [...args, command.input ?? ''].some((word) => /\bNOPASSWD\s{0,8}:/.test(word))
  )
    return 'sudoers with NOPASSWD';
  if (/^(?:useradd|usermod|adduser)$/.test(name)) {
    if (optionValue(command, '-u', '--uid') === '0') return `${name} -u 0`;
    if (optionValue(command, '-p', '--password') === '') return `${name} with an empty password`;
  }
  return undefined;
}

export const keyMadeInBuild: CommandRule = {
  stem: 'key-made-in-build',
  title: 'Private key generated in build step',
  severity: 'medium',
  reason: 'All containers of the image share the key, and everyone who can pull the image has it.',
  fix: 'Generate keys when the container starts, or mount them.',
  reference: 'https://cwe.mitre.org/data/definitions/321.html',
  *find({ commands }) {
    for (const { name, args } of commands) {
      if (name === 'ssh-keygen' && (args.includes('-A') || args.includes('-N')))
        yield `ssh-keygen ${args.includes('-A') ? '-A' : '-N'}`;
      else if (name === 'dropbearkey') yield 'dropbearkey';
      else if (name === 'openssl' && /^(?:genrsa|genpkey|gendsa)$/.test(args[0] ?? '')) yield `openssl ${args[0]}`;
      else if (name === 'openssl' && args[0] === 'req' && args.includes('-newkey')) yield 'openssl req -newkey';
    }
  },
  passes: [
    'ssh-keygen -lf /etc/ssh/key.pub',
    'openssl version',
    'ssh-keyscan example.com',
    'openssl req -in a.csr -noout',
  ],
  fails: [
    'ssh-keygen -A',
    "ssh-keygen -t ed25519 -f /root/.ssh/id -N ''",
    'openssl genrsa -out /k.pem 2048',
    'openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem',
  ],
};
