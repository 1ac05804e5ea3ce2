import type { CommandRule } from './command-rule.js';
import { hasLetter, hasOption } from './options.js';
import type { Command } from './parse.js';

const curlLettersWithValue = 'AbcCdDeEFhHKmoPQrtTuUwxXyYz';
const downloaders = new Set(['curl', 'wget', 'aria2c', 'http', 'https', 'fetch']);

/** Whether the command fetches files by HTTP. */
export function isDownload({ name }: Pick<Command, 'name'>): boolean {
  return downloaders.has(name);
}

export const downloadWithoutTlsCheck: CommandRule = {
  stem: 'download-without-tls-check',
  title: 'Download without TLS certificate verification',
  severity: 'high',
  reason: 'A man in the middle can replace the download, which then runs in every container.',
  fix: 'Remove the option; install ca-certificates or add the certificate of your CA.',
  reference: 'https://cwe.mitre.org/data/definitions/295.html',
  *find({ commands }) {
    for (const command of commands) {
      const option = insecureOption(command);
      if (option !== undefined) yield `${command.name} ${option}`;
    }
  },
  passes: [
    'curl -fsSL https://example.com/key -o /etc/k',
    'wget -q https://example.com/a',
    'echo curl -k',
    'git config --global http.sslVerify true',
  ],
  fails: [
    'curl -k https://example.com/a -o a',
    'curl -fsSLk https://example.com/a',
    'sudo /usr/bin/curl --insecure https://example.com/a',
    'apt-get update && wget --no-check-certificate https://example.com/a',
    'x=$(curl -k https://example.com)',
    'git config --global http.sslVerify false',
    'git -c http.sslVerify=false clone https://example.com/a',
    "sh -c 'curl --insecure https://example.com'",
    'GIT_SSL_NO_VERIFY=1 git clone https://example.com/a',
  ],
};

function insecureOption(command: Command): string | undefined {
  const { name, args } = command;
  if (
    name === 'curl' &&
    (hasOption(command, '--insecure', '--proxy-insecure') || hasLetter(command, 'k', curlLettersWithValue))
  )
    return hasOption(command, '--insecure') ? '--insecure' : '-k';
  if (name === 'wget' && hasOption(command, '--no-check-certificate')) return '--no-check-certificate';
  if (name === 'aria2c' && hasOption(command, '--check-certificate') && args.includes('--check-certificate=false'))
    return '--check-certificate=false';
  if (name === 'git') return insecureGit(command);
  return undefined;
}

function insecureGit({ args, assignments }: Command): string | undefined {
  if (assignments.some((text) => /^GIT_SSL_NO_VERIFY=(?:1|true|yes|on)$/i.test(text))) return 'with GIT_SSL_NO_VERIFY';
  const at = args.findIndex((word) => /^http\.(?:[^=]{1,200}\.)?sslverify(?:=|$)/i.test(word));
  const word = args[at];
  if (word === undefined) return undefined;
  const value = word.includes('=') ? word.slice(word.indexOf('=') + 1) : args[at + 1];
  return /^(?:false|0|no|off)$/i.test(value ?? '') ? 'with http.sslVerify=false' : undefined;
}

export const plainDownload: CommandRule = {
  stem: 'plain-http-download',
  title: 'Download without encryption (HTTP, FTP, git)',
  severity: 'medium',
  reason: 'A man in the middle can replace downloads over plain HTTP, FTP or git://.',
  fix: 'Use https:// and verify the file against a checksum in the build.',
  reference: 'https://cwe.mitre.org/data/definitions/494.html',
  *find({ commands }) {
    for (const command of commands) {
      if (!isDownload(command) && !isClone(command)) continue;
      const url = command.args.find(isPlainUrl);
      if (url !== undefined) yield `${command.name} ${originOf(url)}`;
    }
  },
  passes: [
    'curl -f https://example.com/a -o a',
    'curl -f http://localhost:8080/health',
    'wget -q http://127.0.0.1/ok',
    'git clone https://example.com/a.git',
    'curl --header "Referer: http://example.com" https://example.com/a',
  ],
  fails: [
    'curl -f http://example.com/a -o a',
    'wget http://example.com/a.tgz',
    'git clone git://example.com/a.git',
    'curl ftp://example.com/a',
    'cd /tmp; git clone --depth 1 http://example.com/a.git',
  ],
};

function isClone({ name, args }: Command): boolean {
  return name === 'git' && (args.includes('clone') || args.includes('fetch'));
}

function isPlainUrl(word: string): boolean {
  return (
    /^(?:http|ftp|git):\/\//i.test(word) && !/^[a-z]{3,4}:\/\/(?:localhost|127\.|\[::1\]|0\.0\.0\.0|\$)/i.test(word)
  );
}

/** Scheme and host of a URL; all other parts may contain tokens. */
function originOf(url: string): string {
  const [, scheme = '', authority = ''] = /^([a-z]{2,10}:\/\/)([^/?#]{0,1000})/i.exec(url) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return /^[\w.-]{1,253}(?::\d{1,5})?$/.test(host) ? scheme + host : `${scheme}…`;
}

export const sshHostCheckOff: CommandRule = {
  stem: 'ssh-host-check-off',
  title: 'SSH host key verification disabled',
  severity: 'medium',
  reason: 'The build authenticates to, and takes code from, any host that answers.',
  fix: 'Add the host keys to known_hosts, from a trusted source.',
  reference: 'https://man.openbsd.org/ssh_config#StrictHostKeyChecking',
  *find({ commands }) {
    for (const { name, args, assignments } of commands) {
      const words = [...args, ...assignments].map((word) => word.slice(0, 2000));
      if (words.some((word) => /StrictHostKeyChecking[ =\t]{1,4}["']?(?:no|off)\b/i.test(word)))
        yield `${name} with StrictHostKeyChecking no`.trim();
    }
  },
  passes: ['ssh -o StrictHostKeyChecking=yes git@example.com', 'ssh-keyscan example.com >> known_hosts'],
  fails: [
    'ssh -o StrictHostKeyChecking=no git@example.com',
    'echo "StrictHostKeyChecking no" >> /etc/ssh/ssh_config',
    'GIT_SSH_COMMAND="ssh -o StrictHostKeyChecking=no" git clone git@example.com:a.git',
  ],
};
