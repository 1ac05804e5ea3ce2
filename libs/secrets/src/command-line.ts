import { looksRandom } from './placeholder.js';
import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';
import { isWeak } from './url-credentials.js';

const longestCommand = 800;
// Word of the shell without variables, substitutions and the placeholders of manuals.
const value = `\\\\?["']?([^\\s"'$<>\`;|&(){}\\[\\]\\\\%*]{4,128})\\\\?["']?`;
const blank = '[ \\t]{1,4}';

/** Programs with their password options. */
const programs: [names: readonly string[], option: string][] = [
  [['sshpass'], `-p[ \\t]{0,4}${value}`],
  [
    ['mysql', 'mysqldump', 'mysqladmin', 'mysqlimport', 'mariadb', 'mariadb-dump', 'mariadb-admin'],
    `-(?:p|-password=)${value}`,
  ],
  // Docker and compatible tools, Helm, Azure, Cloud Foundry, OpenShift, Argo CD, …
  [['login'], `-(?:p|-password|-token)(?:${blank}|=)${value}`],
  [['skopeo', 'buildah', 'podman'], `--(?:src-|dest-)?creds(?:${blank}|=)["']?[^\\s:"']{1,64}:${value}`],
  [['redis-cli'], `-(?:a|-pass)${blank}${value}`],
  [
    ['mongo', 'mongosh', 'mongodump', 'mongorestore', 'mongoexport', 'mongoimport'],
    `-(?:p|-password)[ =]{0,4}${value}`,
  ],
  [['keytool', 'jarsigner'], `-(?:src|dest|new)?(?:store|key)?pass(?:word)?(?:${blank}|:)${value}`],
  [
    ['openssl', 'apksigner'],
    `(?:-pass(?:in|out)?${blank}pass:|pass:|passwd${blank}(?:-[a-z0-9]{1,8}${blank}){0,3}|-[kK]${blank})${value}`,
  ],
  [['ldapsearch', 'ldapadd', 'ldapmodify', 'ldapdelete', 'ldapwhoami', 'ldappasswd'], `-w[ \\t]{0,4}${value}`],
  [['htpasswd'], `-[A-Za-z]{0,6}b[A-Za-z]{0,6}${blank}[^\\s]{1,200}${blank}[^\\s]{1,64}${blank}${value}`],
  [['wget'], `--(?:http-|ftp-|proxy-)?password=${value}`],
  [['smbclient', 'rpcclient'], `-U[ \\t]{0,4}["']?[^\\s%]{1,64}%${value}`],
  [['mount -t cifs', 'mount.cifs'], `pass(?:word)?=["']?([^\\s"'$<>,]{4,128})`],
  [['sqlcmd', 'tsql', 'mosquitto_pub', 'mosquitto_sub', 'ipmitool'], `-P[ \\t]{0,4}${value}`],
  [['xfreerdp', 'wlfreerdp', 'mstsc'], `/p:${value}`],
  [['net user'], `[^\\s]{1,64}${blank}${value}(?=[ \\t]{1,4}/add)`],
  [['sqlplus', 'impdp', 'expdp'], `[\\w.]{1,64}/([^\\s"'$<>@/]{4,64})@`],
  [['zip', 'unzip'], `-P[ \\t]{0,4}${value}`],
  [['7z', '7za'], `-p${value}`],
  [['gpg', 'gpg2'], `--passphrase(?:${blank}|=)${value}`],
  [['svn', 'twine', 'ansible-playbook'], `-(?:p|-password)(?:${blank}|=)${value}`],
  [['rabbitmqctl'], `(?:add_user|change_password)${blank}[^\\s]{1,64}${blank}${value}`],
  [['wpa_passphrase'], `^[^\\s]{0,80}${blank}[^\\s]{1,64}${blank}${value}`],
  [['lftp'], `-u${blank}[^\\s,]{1,64},${value}`],
  [['plink', 'pscp', 'psftp'], `-pw${blank}${value}`],
  [['psql', 'pg_dump', 'pg_restore'], `password=${value}`],
  [['kubectl'], `--(?:from-literal=["']?[\\w.-]{0,60}(?:pass(?:word)?|secret|token|key)=|docker-password=)${value}`],
  [['aws configure set'], `[\\w.-]{0,80}secret_access_key${blank}${value}`],
];

// With the blank after its name: `oc` alone is in every `document`.
const optionOf = new Map<string, RegExp>(
  programs.flatMap(([names, option]) => names.map((name) => [`${name} `, new RegExp(`[ \\t]${option}`, 'd')] as const)),
);

/** Names of programs with passwords in their arguments. */
export const programNames: readonly string[] = [...optionOf.keys()];

/** Password in the arguments of a known program. */
export function readProgram({ text, file, start, end }: KeywordPlace): readonly Candidate[] {
  if (!isProgram(text, start)) return nothing;
  const [rest = ''] = commandOf(text, end - 1).split(/&&|\|\||[;|] /, 1);
  const option = optionOf.get(text.slice(start, end).toLowerCase());
  // Fast check: most lines that name a program are no commands with options.
  if (option === undefined || (option.source.startsWith('[ \\t]-') && !rest.includes(' -'))) return nothing;
  // A word of only letters is prose, except in files that contain only commands.
  return optionsIn(option.exec(rest), end - 1, (word) => !isWeak(word) && (file.isShell || /[^A-Za-z]/.test(word)));
}

const optionValue = new RegExp(`^[\\w-]{0,20}${blank}${value}`, 'd');

/**
 * `--password …` of any program, in files of commands; with `=` it is read like any other
 * assignment.
 */
export function readOption({ text, file, start, end }: KeywordPlace): readonly Candidate[] {
  if (!file.isShell && !file.isConfig) return nothing;
  if (!/[\s"'[]--?[A-Za-z][\w-]{0,30}$/.test(text.slice(Math.max(0, start - 32), end))) return nothing;
  const match = optionValue.exec(text.slice(end, end + 200));
  const isToken = /token|key|secret/i.test(text.slice(start, end));
  const isPassword = (word: string) => /[^A-Za-z_-]/.test(word) && !isWeak(word) && word.length >= 6;
  return optionsIn(match, end, isToken ? (word) => word.length >= 16 && looksRandom(word) : isPassword);
}

const piped = new RegExp(
  `(?:echo|printf)${blank}(?:-[en]{1,2}${blank})?["']?(?:[\\w.-]{1,32}:)?([^\\s"'$\`|<>:]{4,128})["']?[ \\t]{0,4}\\|[^|\\n]{0,200}$`,
  'd',
);
const longestPipe = 400;

/** `echo … | docker login --password-stdin`, `echo root:… | chpasswd`. */
export function readPipe({ text, start }: KeywordPlace): readonly Candidate[] {
  const from = Math.max(0, start - longestPipe);
  return optionsIn(piped.exec(text.slice(from, start)), from, (password) => !isWeak(password));
}

function optionsIn(
  match: RegExpExecArray | null | undefined,
  offset: number,
  isSecret: (value: string) => boolean,
): readonly Candidate[] {
  const span = match?.indices?.[1];
  // In prose a comma may follow; words in capitals are the placeholders of manuals.
  const word = (match?.[1] ?? '').replace(/[,.:]{1,3}$/, '');
  if (span === undefined || !isSecret(word) || /^[-/.@]|^https?:|^\d{1,6}$|^[A-Z_-]+$/.test(word)) return nothing;
  return [{ start: offset + span[0], end: offset + span[1] }];
}

function isProgram(text: string, start: number): boolean {
  return start === 0 || /[\s/"'`;|&(!\]]/.test(text.charAt(start - 1));
}

/** The line with its continuation lines: after a backslash, or with an option at their start. */
export function commandOf(text: string, start: number): string {
  const window = text.slice(start, start + longestCommand);
  let lineEnd = window.indexOf('\n');
  while (lineEnd !== -1) {
    const isContinued = window[lineEnd - 1] === '\\' || /^[#\s]{0,12}-/.test(window.slice(lineEnd + 1, lineEnd + 15));
    if (!isContinued) return window.slice(0, lineEnd);
    lineEnd = window.indexOf('\n', lineEnd + 1);
  }
  return window;
}
