import { LimitExceeded } from '@tidewaiter/domain';
import { WarningList, type Warning } from '@tidewaiter/oci';

import { shown } from '../check.js';
import { heredocsOf, readHeredocs, type Heredoc } from './heredoc.js';
import { splitWords } from './words.js';

/** One instruction with its arguments as written, continuations joined and comments removed. */
export interface Instruction {
  /** In capitals. */
  keyword: string;
  line: number;
  /** `--name=value` before the arguments; an empty value for `--name` alone. */
  flags: ReadonlyMap<string, readonly string[]>;
  /** Arguments after the flags. */
  text: string;
  /** Words of the JSON form. */
  json?: readonly string[];
  heredocs: readonly Heredoc[];
  /** True for ONBUILD, which runs in builds that start from this image. */
  isOnBuild: boolean;
}

export interface ParsedDockerfile {
  /** Parser directives by name: `syntax`, `escape`, `check`. */
  directives: ReadonlyMap<string, string>;
  /** Escape character: the backslash, or the backtick on Windows. */
  escape: string;
  instructions: readonly Instruction[];
  warnings: Warning[];
}

export const dockerfileLimits = {
  maxFileLength: 1024 * 1024,
  maxInstructions: 10_000,
  /** Each stage copies the variables of its base stage. */
  maxStages: 250,
  /** Characters of all expanded variables of the file. */
  maxExpandedLength: 8 * 1024 * 1024,
} as const;

const keywords = new Set(
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' ',
  ),
);
const withJson = new Set(['ADD', 'CMD', 'COPY', 'ENTRYPOINT', 'HEALTHCHECK', 'RUN', 'SHELL', 'VOLUME']);
const withHeredocs = new Set(['ADD', 'COPY', 'RUN']);

/**
 * Reads a Dockerfile as BuildKit's parser does.
 * @throws LimitExceeded `maxFileLength`, `maxInstructions`
 * @see https://docs.docker.com/reference/dockerfile/
 */
export function parseDockerfile(text: string, path: string): ParsedDockerfile {
  if (text.length > dockerfileLimits.maxFileLength) {
    throw new LimitExceeded('maxFileLength', `${path} has more than ${dockerfileLimits.maxFileLength} characters`);
  }
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const warnings = new WarningList();
  const { directives, next } = readDirectives(lines);
  const escape = directives.get('escape') === '`' ? '`' : '\\';
  const instructions = [...readInstructions({ lines, at: next, escape, path, warnings })];
  return { directives, escape, instructions, warnings: warnings.toArray() };
}

function readDirectives(lines: readonly string[]): { directives: Map<string, string>; next: number } {
  const directives = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const [, name, value] = /^#\s{0,100}(syntax|escape|check)\s{0,100}=([^\n]*)$/i.exec(line) ?? [];
    if (name === undefined || directives.has(name.toLowerCase())) return { directives, next: index };
    directives.set(name.toLowerCase(), value!.trim());
  }
  return { directives, next: lines.length };
}

interface Source {
  lines: readonly string[];
  at: number;
  escape: string;
  path: string;
  warnings: WarningList;
}

function* readInstructions(source: Source): Generator<Instruction> {
  let count = 0;
  while (source.at < source.lines.length) {
    const line = source.at + 1;
    const text = readLogicalLine(source);
    if (text === '') continue;
    count += 1;
    if (count > dockerfileLimits.maxInstructions) {
      throw new LimitExceeded(
        'maxInstructions',
        `${source.path} has more than ${dockerfileLimits.maxInstructions} instructions`,
      );
    }
    const instruction = readInstruction(source, text, line, false);
    if (instruction) yield instruction;
  }
}

/** One line with its continuations; empty for comments and blank lines. */
function readLogicalLine(source: Source): string {
  const first = source.lines[source.at]!.trimStart();
  source.at += 1;
  if (first === '' || first.startsWith('#')) return '';
  const parts: string[] = [];
  let part = first;
  while (continues(part, source.escape)) {
    parts.push(part.trimEnd().slice(0, -1));
    const next = nextPart(source);
    if (next === undefined) return parts.join('').trimEnd();
    part = next;
  }
  return [...parts, part].join('').trimEnd();
}

/**
 * Returns the next line that is neither comment nor blank: inside an instruction both are skipped.
 */
function nextPart(source: Source): string | undefined {
  while (source.at < source.lines.length) {
    const line = source.lines[source.at]!;
    source.at += 1;
    const start = line.trimStart();
    if (start !== '' && !start.startsWith('#')) return line;
  }
  return undefined;
}

/** Whether the line ends in the escape character, which is not itself escaped. */
function continues(line: string, escape: string): boolean {
  const text = line.trimEnd();
  return text.endsWith(escape) && text.at(-2) !== escape;
}

function readInstruction(source: Source, text: string, line: number, isOnBuild: boolean): Instruction | undefined {
  const [, word = '', rest = ''] = /^(\S{1,100})\s*(\S[^]*)?$/.exec(text) ?? [];
  const keyword = word.toUpperCase();
  if (!keywords.has(keyword)) {
    source.warnings.add(
      'DOCKERFILE_UNKNOWN_INSTRUCTION',
      source.path,
      `line ${line}: ${shown(word, 40)} is no instruction`,
    );
    return undefined;
  }
  if (keyword === 'ONBUILD' && !isOnBuild) return readInstruction(source, rest, line, true);
  const { flags, text: args } = takeFlags(keyword, rest, source.escape);
  const json = withJson.has(keyword)
    ? readJson(keyword === 'HEALTHCHECK' ? args.replace(/^CMD\s+/i, '') : args)
    : undefined;
  const heredocs =
    withHeredocs.has(keyword) && !json ? readHeredocs(source, heredocsOf(args, source.escape), line) : [];
  return { keyword, line, flags, text: args, ...(json && { json }), heredocs, isOnBuild };
}

const withFlags = new Set(['ADD', 'COPY', 'FROM', 'HEALTHCHECK', 'RUN']);

function takeFlags(keyword: string, text: string, escape: string): { flags: Map<string, string[]>; text: string } {
  const flags = new Map<string, string[]>();
  let rest = text;
  while (withFlags.has(keyword) && rest.startsWith('--')) {
    const [word = ''] = splitWords(rest, escape, 1);
    rest = rest.slice(word.length).trimStart();
    if (word === '--') break;
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const values = flags.get(name) ?? [];
    values.push(equals < 0 ? '' : word.slice(equals + 1));
    flags.set(name, values);
  }
  return { flags, text: rest };
}

function readJson(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;
  } catch {
    // BuildKit treats invalid JSON as the shell form.
    return undefined;
  }
}
