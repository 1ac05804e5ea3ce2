/** Download of a script from another host. */
export interface Download {
  /**
   * `https://host`, without path and password, which may be secrets; null if a variable contains
   * it.
   */
  origin: string | null;
  isEncrypted: boolean;
  /** Interpreter that runs the download, or the file name under which it is run. */
  runBy?: string;
  /** Whether the script verifies a digest or signature. */
  isChecked: boolean;
}

const maxStatementLength = 8192;
const maxStatements = 20_000;
const maxDownloads = 100;

const fetchers = new Set('curl wget wget2 aria2c axel lwp-download xh'.split(' '));
const mayFetch = /\b(?:curl|wget2?|aria2c|axel|lwp-download|xh)\b/;
/** Programs that name a download tool without using it. */
const others = new Set('apt-get apt apk yum dnf microdnf zypper pip pip3 which type hash git man'.split(' '));
const interpreter = /^((?:ba|da|z|k|a|c|tc|fi)?sh|python[0-9.]{0,8}|perl|ruby|node|php|lua)$/;
/** Words that may precede a program's name. */
const prefixes = new Set(
  'sudo exec nohup env command time nice busybox doas setsid then do else if ! { ( - RUN eval'.split(' '),
);
const talk = new Set('echo printf log die warn error info print msg cat say'.split(' '));
const checkers = /^(?:sha(?:1|224|256|384|512)?sum|shasum|md5sum|b2sum|cosign|minisign|signify|rpmkeys)$/;
const otherLanguage = /^#![^\n]{0,100}\b(?:perl|php|python|ruby|node)/;
const url = /\b(https?|ftp):\/\/(?:[^\s"'`<>|;)\\/@]{1,256}@)?([^\s"'`<>|;)\\/?#]{1,256})([^\s"'`<>|;)\\?#]{0,1024})/;

/**
 * Downloads of a script, and whether it runs them: a heuristic shell parser that never executes
 * anything.
 */
export function downloadsOf(script: string): Download[] {
  if (!mayFetch.test(script)) return [];
  const statements = statementsOf(script);
  const isShell = !otherLanguage.test(script);
  const isAnyChecked = statements.some(isCheck);
  const downloads: Download[] = [];
  for (const [index, statement] of statements.entries()) {
    if (downloads.length >= maxDownloads) break;
    if (!mayFetch.test(statement)) continue;
    const pieces = statement.split('|');
    for (const [at, piece] of pieces.entries()) {
      const fetched = readFetch(piece);
      if (!fetched) continue;
      const { origin, isEncrypted, file } = fetched;
      // A download piped into an interpreter cannot be verified first.
      const straight = pipedTo(pieces.slice(at + 1)) ?? substitutedIn(piece);
      const runBy = straight ?? runLater(file, statements.slice(index + 1), isShell);
      downloads.push({
        origin,
        isEncrypted,
        isChecked: isAnyChecked && straight === undefined,
        ...(runBy && { runBy }),
      });
    }
  }
  return downloads;
}

/** Whether the statement verifies digests or signatures. */
function isCheck(statement: string): boolean {
  return statement.split('|').some((piece) => {
    const words = wordsOf(piece);
    const program = baseName(programOf(words) ?? '');
    if (/^gpgv?2?$/.test(program)) return program.startsWith('gpgv') || words.includes('--verify');
    return checkers.test(program) || (program === 'openssl' && words.includes('dgst'));
  });
}

/** Statements of a script, one pipeline each, without comments. */
export function statementsOf(script: string): string[] {
  const lines = script.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/, maxStatements);
  const statements: string[] = [];
  for (const line of lines) {
    if (/^\s*(?:#|\/\/)/.test(line)) continue;
    // `&` alone separates too, but not in `2>&1` and not in the middle of a URL.
    for (const part of line.split(/;|&&|\|\||&(?=\s|$)/)) {
      if (part.trim() !== '') statements.push(part.slice(0, maxStatementLength));
    }
    if (statements.length >= maxStatements) break;
  }
  return statements;
}

interface Fetch {
  origin: string | null;
  isEncrypted: boolean;
  /** File that receives the download, as the script names it. */
  file: string | undefined;
}

function readFetch(piece: string): Fetch | undefined {
  const words = wordsOf(piece);
  const at = words.findIndex((word) => fetchers.has(baseName(word)));
  const program = baseName(programOf(words) ?? '');
  // A message with install instructions is no download.
  if (at === -1 || others.has(program) || (talk.has(program) && !/[>`]|\$\(/.test(piece))) return undefined;
  const [, scheme, host = '', path = ''] = url.exec(piece) ?? [];
  if (scheme === undefined && !/[$"]/.test(piece)) return undefined;
  return {
    origin: scheme === undefined ? null : `${scheme}://${host}`,
    isEncrypted: scheme === 'https',
    file: outputOf(words.slice(at + 1)) ?? (path === '' ? undefined : baseName(path)),
  };
}

/** The file that `-o`, `-O`, `--output` or `>` names. */
function outputOf(words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    const [, joined] = /^(?:--output(?:-document)?=|-o|-O|>)(.{1,1024})$/.exec(word) ?? [];
    if (joined !== undefined && !joined.startsWith('-')) return joined;
    if (/^(?:-[A-Za-z]{0,12}[oO]|--output|--output-document|>)$/.test(word)) {
      const next = words[index + 1];
      if (next !== undefined && !next.startsWith('-') && !next.includes('://')) return next;
    }
  }
  return undefined;
}

function pipedTo(pieces: readonly string[]): string | undefined {
  for (const piece of pieces) {
    const program = baseName(programOf(wordsOf(piece)) ?? '');
    if (interpreter.test(program)) return program;
  }
  return undefined;
}

/** `sh -c "$(curl …)"`, `eval "$(wget …)"`, `bash <(curl …)`, `. <(curl …)`. */
function substitutedIn(piece: string): string | undefined {
  const [before, inner] = splitOnce(piece, /\$\(|`|<\(/);
  if (inner === undefined || !fetchers.has(baseName(wordsOf(inner)[0] ?? ''))) return undefined;
  const words = wordsOf(before);
  return words
    .map(baseName)
    .findLast((word) => interpreter.test(word) || word === 'eval' || word === 'source' || word === '.');
}

function splitOnce(text: string, separator: RegExp): [string, string | undefined] {
  const match = separator.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text, undefined];
}

/** Whether a later statement runs the file. Only shells run what a variable at its start names. */
function runLater(file: string | undefined, later: readonly string[], isShell: boolean): string | undefined {
  if (file === undefined || file === '-' || file.startsWith('/dev/')) return undefined;
  const name = baseName(file);
  for (const statement of later.slice(0, 50)) {
    if (!statement.includes(name)) continue;
    const words = wordsOf(statement);
    const program = programOf(words) ?? '';
    if (baseName(program) === name && (program.includes('/') || (isShell && program.startsWith('$')))) return name;
    if (interpreter.test(baseName(program)) && words.some((word) => baseName(word) === name)) return baseName(program);
  }
  return undefined;
}

/** The first word that is neither prefix, option nor assignment. */
export function programOf(words: readonly string[]): string | undefined {
  return words.find(
    (word) => !prefixes.has(word) && !word.startsWith('-') && !/^[A-Za-z_][A-Za-z0-9_]{0,63}=/.test(word),
  );
}

/** Words without their quotes and brackets. */
export function wordsOf(statement: string): string[] {
  return statement
    .replaceAll(/>{1,2}/g, ' > ')
    .split(/[\s"'`()[\],]+/)
    .filter((word) => word !== '' && word !== '$' && word !== '<');
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Interpreter of a pipeline that runs decoded text, which hides commands from reviewers. */
export function runsDecoded(statement: string): string | undefined {
  const pieces = statement.split('|');
  const at = pieces.findIndex((piece) =>
    /\b(?:base64|base32|openssl)\b.{0,200}\s(?:-d|-D|--decode)\b|\bxxd\s+-r\b/.test(piece),
  );
  return at === -1 ? undefined : pipedTo(pieces.slice(at + 1));
}
