import { LimitExceeded } from '@tidewaiter/domain';

import { parseImageName, type BaseImageName } from '../image-name.js';
import { parseScript, type Script } from '../shell/parse.js';
import { expander, type Expand, type Expansion, type Lookup } from './expand.js';
import { dockerfileLimits, type Instruction, type ParsedDockerfile } from './parse.js';
import { splitWords } from './words.js';

/** `NAME=value` of ENV, ARG or LABEL. */
export interface Pair {
  name: string;
  /** Undefined for an ARG without default. */
  value: Expansion | undefined;
}

/** Instruction in its stage, with expanded variables. */
export interface StageInstruction extends Instruction {
  stage: Stage;
  /** Arguments of ADD, COPY, EXPOSE, STOPSIGNAL, USER, VOLUME and WORKDIR. */
  words: readonly Expansion[];
  /** Variables of ARG, ENV and LABEL. */
  pairs: readonly Pair[];
  /** Commands of RUN, CMD and ENTRYPOINT in exec form or for a POSIX shell. */
  script?: Script;
}

export interface Stage {
  index: number;
  /** Lower case, because names are compared case-insensitively. */
  name?: string;
  line: number;
  /** Image or stage in FROM; unknown if it depends on an argument without default. */
  base: Expansion;
  /** Undefined if the base is an earlier stage. */
  image?: BaseImageName;
  parent?: Stage;
  steps: StageInstruction[];
}

/** Parsed Dockerfile that the checks run on. */
export interface DockerfileFacts {
  directives: ReadonlyMap<string, string>;
  stages: readonly Stage[];
  /** Last stage, which is built by default. */
  final: Stage;
  /**
   * Final stage and the stages that it builds on, the lowest first: their settings and files are in
   * the image.
   */
  shipped: readonly Stage[];
  /** Names of stages, in lower case, and their numbers. */
  stageNames: ReadonlySet<string>;
}

/**
 * Assigns the instructions to their stages and expands their variables; undefined without a stage.
 * @throws LimitExceeded `maxExpandedLength`, `maxStages`
 */
export function readStages({ directives, escape, instructions }: ParsedDockerfile): DockerfileFacts | undefined {
  const reader: StageReader = { escape, expand: expander(escape), globals: new Map(), stages: [], named: new Map() };
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM' && !instruction.isOnBuild) openStage(reader, instruction);
    else addStep(reader, instruction);
  }
  const stages = reader.stages.map(({ stage }) => stage);
  const final = stages.at(-1);
  if (!final) return undefined;
  const shipped: Stage[] = [];
  for (let stage: Stage | undefined = final; stage; stage = stage.parent) shipped.unshift(stage);
  const stageNames = new Set(
    stages.flatMap(({ name, index }) => [String(index), ...(name === undefined ? [] : [name])]),
  );
  return { directives, stages, final, shipped, stageNames };
}

/** Stage that is being read. */
interface OpenStage {
  stage: Stage;
  variables: Map<string, Expansion>;
  /** Whether the shell of the stage is a POSIX shell, which the checks can parse. */
  isPosix: boolean;
}

interface StageReader {
  escape: string;
  expand: Expand;
  /**
   * Arguments before the first FROM, which apply in FROM lines and in stages that redeclare them.
   */
  globals: Map<string, Expansion>;
  stages: OpenStage[];
  named: Map<string, OpenStage>;
}

function openStage(reader: StageReader, { text, line }: Instruction): void {
  if (reader.stages.length >= dockerfileLimits.maxStages) {
    throw new LimitExceeded('maxStages', `more than ${dockerfileLimits.maxStages} stages`);
  }
  const words = splitWords(text, reader.escape, 4);
  const base = reader.expand(words[0] ?? '', (name) => reader.globals.get(name));
  const isNamed = words[1]?.toLowerCase() === 'as' && words[2] !== undefined;
  const parent = reader.named.get(base.text.toLowerCase());
  const open: OpenStage = {
    stage: {
      index: reader.stages.length,
      ...(isNamed && { name: words[2]!.toLowerCase() }),
      line,
      base,
      ...(parent ? { parent: parent.stage } : { image: parseImageName(base.text) }),
      steps: [],
    },
    // Variables of ENV are inherited. Arguments end with their stage; inheriting them too does no
    // harm here.
    variables: new Map(parent?.variables),
    isPosix: parent?.isPosix ?? reader.escape === '\\',
  };
  reader.stages.push(open);
  if (open.stage.name !== undefined) reader.named.set(open.stage.name, open);
}

function addStep(reader: StageReader, instruction: Instruction): void {
  const open = reader.stages.at(-1);
  if (!open) {
    if (instruction.keyword === 'ARG')
      declare(
        reader.globals,
        readPairs(reader, instruction, (name) => reader.globals.get(name)),
      );
    return;
  }
  const lookup: Lookup = (name) => open.variables.get(name);
  const pairs = readPairs(reader, instruction, lookup);
  if (instruction.keyword === 'ENV' && !instruction.isOnBuild) declare(open.variables, pairs);
  if (instruction.keyword === 'ARG' && !instruction.isOnBuild) declare(open.variables, pairs, reader.globals);
  if (instruction.keyword === 'SHELL') open.isPosix = /(?:^|\/)(?:ba|da|a|z|k)?sh$/.test(instruction.json?.[0] ?? '');
  const script = readScript(instruction, open.isPosix);
  open.stage.steps.push({
    ...instruction,
    stage: open.stage,
    words: readWords(reader, instruction, lookup),
    pairs,
    ...(script && { script }),
  });
}

function declare(
  variables: Map<string, Expansion>,
  pairs: readonly Pair[],
  globals?: ReadonlyMap<string, Expansion>,
): void {
  for (const { name, value } of pairs) {
    const known = value ?? globals?.get(name);
    if (known) variables.set(name, known);
    else if (!variables.has(name)) variables.set(name, { text: `\${${name}}`, isKnown: false });
  }
}

const withPairs = new Set(['ARG', 'ENV', 'LABEL']);
const withWords = new Set(['ADD', 'COPY', 'EXPOSE', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR']);

function readPairs(reader: StageReader, { keyword, text }: Instruction, lookup: Lookup): Pair[] {
  if (!withPairs.has(keyword)) return [];
  const words = splitWords(text, reader.escape);
  // `ENV NAME all of this` is the old form, with one variable.
  if (keyword !== 'ARG' && words[0] !== undefined && !words[0].includes('=')) {
    const value = text.slice(text.indexOf(words[0]) + words[0].length).trim();
    return [{ name: words[0], value: reader.expand(value, lookup) }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    return {
      name: name.replaceAll(/["']/g, ''),
      value: equals < 0 ? undefined : reader.expand(word.slice(equals + 1), lookup),
    };
  });
}

function readWords(reader: StageReader, { keyword, text, json }: Instruction, lookup: Lookup): Expansion[] {
  if (!withWords.has(keyword)) return [];
  return (json ?? splitWords(text, reader.escape)).map((word) => reader.expand(word, lookup));
}

const withScript = new Set(['CMD', 'ENTRYPOINT', 'RUN']);

function readScript({ keyword, text, json, heredocs }: Instruction, isPosix: boolean): Script | undefined {
  if (!withScript.has(keyword)) return undefined;
  if (json) return parseScript(json.map(quoted).join(' '));
  if (!isPosix) return undefined;
  const [first] = heredocs;
  if (keyword === 'RUN' && first && /^\d{0,5}<<-?\S+$/.test(text.trim())) return readHeredocScript(first.content);
  // The shell reads the here-documents as input; the commands before them decide their use.
  const bodies = heredocs.map(({ name, content }) => `\n${content}\n${name}`);
  return parseScript(text + bodies.join(''));
}

/**
 * Parses a here-document that is the whole RUN: the shell runs it, or the interpreter in its first
 * line.
 */
function readHeredocScript(content: string): Script | undefined {
  const isForeign = content.startsWith('#!') && !/^#![^\n]{0,100}\b(?:ba|da|a|z|k)?sh\b/.test(content);
  return isForeign ? undefined : parseScript(content);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
