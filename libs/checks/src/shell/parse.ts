/** Command of a script, with unquoted words. */
export interface Command {
  /** Without directory and wrappers: `apt-get` for `sudo -E /usr/bin/apt-get`. */
  name: string;
  args: readonly string[];
  /** Programs that start it: `sudo`, `env`, `xargs`. */
  wrappers: readonly string[];
  /** `NAME=value` before the command. */
  assignments: readonly string[];
  /** Scripts in its words: `$(…)`, `<(…)`, backquotes. */
  substitutions: readonly string[];
  /** Text of a here-document on its standard input. */
  input?: string;
}

/** Commands that are joined by `|`. */
export type ShellPipeline = readonly Command[];

/** Script of a POSIX shell, as far as the checks need it. */
export interface Script {
  text: string;
  pipelines: readonly ShellPipeline[];
  commands: readonly Command[];
}

/** Nesting depth of scripts in scripts; deeper ones are not read. */
const maxDepth = 6;

/**
 * Parses the commands of a script, including those in substitutions, in subshells and after `sh
 * -c`. Never fails: a script with syntax errors is read as far as possible.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
 */
export function parseScript(text: string): Script {
  const pipelines: ShellPipeline[] = [];
  const pending = [{ text, depth: 1 }];
  for (const script of pending) {
    for (const pipeline of readPipelines(script.text)) {
      pipelines.push(pipeline);
      if (script.depth >= maxDepth) continue;
      for (const inner of pipeline.flatMap(innerScripts)) pending.push({ text: inner, depth: script.depth + 1 });
    }
  }
  return { text, pipelines, commands: pipelines.flat() };
}

const shells = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh']);

/** Whether the command is a shell, which runs its input. */
export function isShell({ name }: Pick<Command, 'name'>): boolean {
  return shells.has(name);
}

function innerScripts(command: Command): string[] {
  const scripts = [...command.substitutions];
  if (command.name === 'eval') scripts.push(command.args.join(' '));
  if (!isShell(command)) return scripts;
  if (command.input !== undefined) scripts.push(command.input);
  const option = command.args.findIndex((word) => /^-[a-z]{0,8}c$/.test(word));
  const script = option < 0 ? undefined : command.args[option + 1];
  if (script !== undefined) scripts.push(script);
  return scripts;
}

interface Reader {
  text: string;
  at: number;
  /** The word that is being read; undefined between words. */
  word: string | undefined;
  words: string[];
  substitutions: string[];
  pipeline: Command[];
  pipelines: ShellPipeline[];
  /** Pending here-documents, whose text starts with the next line. */
  awaited: { delimiter: string; isTabbed: boolean }[];
  input: string | undefined;
  /** Set if the next word is the target of a redirection. */
  redirection: '<<' | '<<-' | 'other' | undefined;
}

function readPipelines(text: string): readonly ShellPipeline[] {
  const reader: Reader = {
    text,
    at: 0,
    word: undefined,
    words: [],
    substitutions: [],
    pipeline: [],
    pipelines: [],
    awaited: [],
    input: undefined,
    redirection: undefined,
  };
  while (reader.at < text.length) step(reader);
  endPipeline(reader);
  return reader.pipelines;
}

function step(reader: Reader): void {
  const { text, at } = reader;
  const char = text.charAt(at);
  reader.at += 1;
  switch (char) {
    case '\\':
      reader.at += 1;
      if (text.charAt(at + 1) !== '\n') append(reader, text.charAt(at + 1));
      return;
    case "'":
      return readSingleQuoted(reader);
    case '"':
      return readDoubleQuoted(reader);
    case '$':
      return readDollar(reader);
    case '`':
      return readBackquoted(reader);
    case ' ':
    case '\t':
    case '\r':
      return endWord(reader);
    case '\n':
      return readLineEnd(reader);
    case '#':
      return reader.word === undefined ? skipComment(reader) : append(reader, char);
    case '<':
    case '>':
      return readRedirection(reader, char);
    case '|':
      return readBar(reader);
    case '&':
      return readAmpersand(reader);
    case ';':
    case '(':
      return endPipeline(reader);
    case ')':
      return endCommand(reader);
    default:
      append(reader, char);
  }
}

function append(reader: Reader, text: string): void {
  reader.word = (reader.word ?? '') + text;
}

function readSingleQuoted(reader: Reader): void {
  const end = endAt(reader.text, "'", reader.at);
  append(reader, reader.text.slice(reader.at, end));
  reader.at = end + 1;
}

function readDoubleQuoted(reader: Reader): void {
  append(reader, '');
  while (reader.at < reader.text.length) {
    const char = reader.text.charAt(reader.at);
    reader.at += 1;
    if (char === '"') return;
    if (char === '\\') {
      const next = reader.text.charAt(reader.at);
      reader.at += 1;
      if (next !== '\n') append(reader, '$`"\\'.includes(next) ? next : `\\${next}`);
    } else if (char === '$') readDollar(reader);
    else if (char === '`') readBackquoted(reader);
    else append(reader, char);
  }
}

function readDollar(reader: Reader): void {
  const { text, at } = reader;
  const next = text.charAt(at);
  if (next === '(') return readSubstitution(reader, '$(');
  if (next !== '{') return append(reader, '$');
  const end = endAt(text, '}', at);
  append(reader, `$${text.slice(at, end + 1)}`);
  reader.at = end + 1;
}

function readBackquoted(reader: Reader): void {
  const end = endAt(reader.text, '`', reader.at);
  const script = reader.text.slice(reader.at, end);
  append(reader, `\`${script}\``);
  reader.substitutions.push(script);
  reader.at = end + 1;
}

/** Reads `(…)` after `$`, `<` or `>`; if it is not closed, up to the end of the script. */
function readSubstitution(reader: Reader, opening: string): void {
  const start = reader.at + 1;
  const end = closingParenthesis(reader.text, start);
  const script = reader.text.slice(start, end);
  append(reader, `${opening}${script})`);
  reader.substitutions.push(script);
  reader.at = end + 1;
}

function closingParenthesis(text: string, start: number): number {
  let open = 1;
  for (let at = start; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\') at += 1;
    else if (char === "'") at = endAt(text, "'", at + 1);
    else if (char === '(') open += 1;
    else if (char === ')') open -= 1;
    if (open === 0) return at;
  }
  return text.length;
}

function endAt(text: string, char: string, from: number): number {
  const end = text.indexOf(char, from);
  return end < 0 ? text.length : end;
}

function skipComment(reader: Reader): void {
  reader.at = endAt(reader.text, '\n', reader.at);
}

function readRedirection(reader: Reader, char: string): void {
  const { text } = reader;
  // `2>` is no argument.
  if (reader.word !== undefined && /^\d{1,3}$/.test(reader.word)) reader.word = undefined;
  if (text.charAt(reader.at) === '(') return readSubstitution(reader, `${char}(`);
  endWord(reader);
  const [operator = ''] = /^(?:<<-?|<|>|&|\|){0,3}/.exec(text.slice(reader.at - 1, reader.at + 3)) ?? [];
  reader.at += operator.length - 1;
  const isHeredoc = operator === '<<' || operator === '<<-';
  reader.redirection = isHeredoc ? operator : 'other';
}

function readBar(reader: Reader): void {
  const next = reader.text.charAt(reader.at);
  if (next === '|' || next === '&') reader.at += 1;
  if (next === '|') endPipeline(reader);
  else endCommand(reader);
}

function readAmpersand(reader: Reader): void {
  const next = reader.text.charAt(reader.at);
  if (next === '>') {
    reader.at += 1;
    return readRedirection(reader, '>');
  }
  if (next === '&') reader.at += 1;
  endPipeline(reader);
}

function readLineEnd(reader: Reader): void {
  endWord(reader);
  for (const heredoc of reader.awaited.splice(0)) reader.input = readHeredoc(reader, heredoc);
  endPipeline(reader);
}

function readHeredoc(reader: Reader, { delimiter, isTabbed }: { delimiter: string; isTabbed: boolean }): string {
  const lines: string[] = [];
  while (reader.at < reader.text.length) {
    const end = endAt(reader.text, '\n', reader.at);
    const raw = reader.text.slice(reader.at, end);
    const line = isTabbed ? raw.replace(/^\t+/, '') : raw;
    reader.at = end + 1;
    if (line === delimiter) break;
    lines.push(line);
  }
  return lines.join('\n');
}

function endWord(reader: Reader): void {
  const { word, redirection } = reader;
  if (word === undefined) return;
  reader.word = undefined;
  reader.redirection = undefined;
  if (redirection === undefined) reader.words.push(word);
  else if (redirection !== 'other') reader.awaited.push({ delimiter: word, isTabbed: redirection === '<<-' });
}

function endCommand(reader: Reader): void {
  endWord(reader);
  const command = toCommand(reader.words, reader.substitutions, reader.input);
  reader.words = [];
  reader.substitutions = [];
  reader.input = undefined;
  if (command) reader.pipeline.push(command);
}

function endPipeline(reader: Reader): void {
  endCommand(reader);
  if (reader.pipeline.length > 0) reader.pipelines.push(reader.pipeline);
  reader.pipeline = [];
}

const reserved = new Set([
  'if',
  'then',
  'else',
  'elif',
  'fi',
  'do',
  'done',
  'while',
  'until',
  '!',
  '{',
  '}',
  'time',
  'esac',
]);

/** Programs that run the command in their arguments, with their options that take a value. */
const wrapperOptions = new Map([
  ['sudo', '-u -g -h -p -C -T -U -D -R'],
  ['doas', '-u -C'],
  ['env', '-u -C -S'],
  ['exec', '-a'],
  ['command', ''],
  ['builtin', ''],
  ['nohup', ''],
  ['nice', '-n'],
  ['ionice', '-c -n'],
  ['setsid', ''],
  ['stdbuf', '-i -o -e'],
  ['timeout', '-k -s'],
  ['xargs', '-n -P -I -L -d -a -s -E'],
  ['gosu', ''],
  ['su-exec', ''],
  ['chroot', ''],
  ['tini', ''],
  ['dumb-init', ''],
]);

/** Wrappers with one operand before the command. */
const wrapperOperands = new Set(['timeout', 'gosu', 'su-exec', 'chroot']);

function toCommand(words: readonly string[], substitutions: readonly string[], input?: string): Command | undefined {
  let at = 0;
  while (at < words.length && reserved.has(words[at]!)) at += 1;
  const assignments: string[] = [];
  const wrappers: string[] = [];
  while (at < words.length) {
    const word = words[at]!;
    const name = baseName(word);
    if (/^[A-Za-z_]\w*\+?=/.test(word)) assignments.push(word);
    else if (wrapperOptions.has(name)) {
      wrappers.push(name);
      at = afterOptions(words, at, name);
      continue;
    } else break;
    at += 1;
  }
  const name = baseName(words[at] ?? '');
  if (name === '' && assignments.length + wrappers.length + substitutions.length === 0) return undefined;
  return {
    name,
    args: words.slice(at + 1),
    wrappers,
    assignments,
    substitutions,
    ...(input !== undefined && { input }),
  };
}

function afterOptions(words: readonly string[], wrapper: number, name: string): number {
  const withValue = wrapperOptions.get(name)!.split(' ');
  let at = wrapper + 1;
  while (at < words.length && words[at]!.startsWith('-')) {
    if (words[at] === '--') return at + 1;
    at += withValue.includes(words[at]!) ? 2 : 1;
  }
  return wrapperOperands.has(name) ? at + 1 : at;
}

function baseName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1);
}
