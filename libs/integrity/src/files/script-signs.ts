import { isElf } from './elf-header.js';
import { type FileSign, type Inspector, isScript, textOf } from './file-sign.js';
import { downloadsOf, runsDecoded, statementsOf } from './shell-commands.js';

/** Paths of startup files. */
const startedPath =
  /^(?:etc\/(?:profile|bash\.bashrc|bashrc|environment|zsh\/|zshrc|crontab|crontabs\/|anacrontab|cron\.|periodic\/|rc\.local|rc\d?\.d\/|inittab|init\.d\/|local\.d\/|profile\.d\/|systemd\/|update-motd\.d\/|entrypoint)|var\/spool\/cron\/|(?:usr\/)?lib\/systemd\/system\/|docker-entrypoint\.d\/|(?:root|home\/[^/]{1,64})\/\.(?:bashrc|profile|bash_profile|bash_login|zshrc|zprofile|zshenv|config\/systemd\/))/;
const programPath = /^(?:usr\/(?:local\/)?)?s?bin\/[^/]{1,255}$/;
const scriptName = /\.(?:sh|bash|service|timer)$/;

/**
 * Scripts, and files of shells, cron and init: commands that download code, open access or send the
 * environment out.
 */
export const scriptSigns: Inspector = {
  wants: (path, head) =>
    isScript(head) || isStarted(path) || (!isElf(head) && (programPath.test(path) || scriptName.test(path))),
  inspect: ({ path, content }) => {
    if (isElf(content)) return [];
    const text = textOf(content);
    const signs = [...downloadAndRun(path, text), ...badCommands(path, text), ...preloadVariable(path, text)];
    return signs.filter(({ sign }, index) => signs.findIndex((other) => other.sign === sign) === index);
  },
};

/**
 * Whether cron runs the file at this path, or reads commands from it; on Alpine `periodic` is its
 * folder.
 */
export function isCronJob(path: string): boolean {
  return path.includes('cron') || path.startsWith('etc/periodic/');
}

/** Whether shells, cron or init read the file at this path by themselves. */
export function isStarted(path: string): boolean {
  return startedPath.test(path);
}

function* downloadAndRun(path: string, text: string): Generator<FileSign> {
  const run = downloadsOf(text).filter(({ runBy, isChecked }) => runBy !== undefined && !isChecked);
  if (run.length === 0) return;
  const isKnown = run.some(({ origin }) => origin !== null);
  const evidence = {
    origins: [...new Set(run.map(({ origin }) => origin ?? 'a variable'))].slice(0, 10),
    runBy: [...new Set(run.map(({ runBy }) => runBy))].slice(0, 10),
    isEncrypted: run.every(({ isEncrypted }) => isEncrypted),
  };
  yield { path, sign: 'download-and-run', confidence: isKnown ? 'likely' : 'possible', evidence };
}

const shell = /\b(?:ba|da|z|k|a)?sh\b/;

/** One statement each; all parts must match. */
const commandSigns: readonly { sign: string; parts: readonly RegExp[] }[] = [
  { sign: 'download-and-run', parts: [/\b(?:urlopen|requests\.get)\(/, /\b(?:exec|eval|os\.system)\(/] },
  {
    sign: 'reverse-shell',
    parts: [/\/dev\/(?:tcp|udp)\/[^\s/]{1,256}\/[\d$]/, /\bsh\s+-i\b|0>&1|0<&\d|<&\d{1,4}\b|\d{1,4}<>\/dev/],
  },
  {
    sign: 'reverse-shell',
    parts: [/\b(?:nc|ncat|netcat|nc\.traditional)\s/, /\s(?:-[a-z]{0,6}[ec]|--exec|--sh-exec)\s{1,4}\S{0,32}sh\b/],
  },
  {
    sign: 'reverse-shell',
    parts: [/\bsocat\b/, /\b(?:tcp|tcp4|openssl|ssl)[^\s:]{0,20}:/i, /\bexec:[^\s]{0,64}sh\b/i],
  },
  {
    sign: 'environment-upload',
    parts: [
      /\b(?:curl|wget|nc|ncat)\b/,
      /\$\((?:printenv|env)\b|`(?:printenv|env)\b|\/proc\/(?:self|1|\$\$)\/environ|\b(?:printenv|env)\s{0,4}\|/,
    ],
  },
];

/** Matched over the whole file: programs of other languages spread it over lines. */
const programSigns: readonly { sign: string; parts: readonly RegExp[] }[] = [
  {
    sign: 'reverse-shell',
    parts: [/\bsocket\.socket\(/, /\bos\.dup2\(/, /pty\.spawn\(|["'](?:\/bin\/)?(?:ba)?sh["']/],
  },
  { sign: 'reverse-shell', parts: [/\buse Socket\b/, /open\(STDIN,\s{0,4}["']>&/, /\bexec\b/] },
  { sign: 'reverse-shell', parts: [/\bfsockopen\(/, /\b(?:proc_open|shell_exec|popen|exec)\(/, shell] },
  { sign: 'reverse-shell', parts: [/\bmkfifo\b/, /\b(?:nc|ncat|netcat|openssl s_client)\b/, /\bsh\s+-i\b/] },
];

function* badCommands(path: string, text: string): Generator<FileSign> {
  const found = new Set<string>();
  for (const { sign, parts } of programSigns) if (parts.every((part) => part.test(text))) found.add(sign);
  if (/\/dev\/(?:tcp|udp)\/|\b(?:nc|ncat|netcat|socat|curl|wget|base64|xxd|urlopen|requests)\b/.test(text)) {
    for (const statement of statementsOf(text)) {
      for (const { sign, parts } of commandSigns) if (parts.every((part) => part.test(statement))) found.add(sign);
      if (runsDecoded(statement) !== undefined) found.add('decoded-and-run');
    }
  }
  for (const sign of found) {
    yield { path, sign, confidence: sign === 'decoded-and-run' ? 'possible' : 'likely', evidence: {} };
  }
}

function* preloadVariable(path: string, text: string): Generator<FileSign> {
  if (!isStarted(path) || !text.includes('LD_PRELOAD')) return;
  const libraries = Array.from(
    text.matchAll(/^[^#\n]{0,200}\bLD_PRELOAD=["']?([^\s"';]{1,256})/gm),
    ([, library]) => library,
  );
  if (libraries.length === 0) return;
  yield {
    path,
    sign: 'ld-preload',
    confidence: 'likely',
    evidence: { libraries: [...new Set(libraries)].slice(0, 10) },
  };
}
