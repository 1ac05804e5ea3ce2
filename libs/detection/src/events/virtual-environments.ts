import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { Observation } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';

import { containerKey } from './container-key.js';
import type { FileWriters } from './file-writers.js';
import type { TreeProcess } from './process-tree.js';
import { baseName } from './program.js';
import { imageOf } from './start-chain.js';

const maxEnvironments = 20_000;
/** Usual places of the interpreter, for an environment that another program makes. */
const interpreters = ['/usr/local/bin/python3', '/usr/bin/python3', '/opt/venv/bin/python3', '/opt/conda/bin/python3'];
const inEnvironment = /^(.+)\/bin\/(?:python[\d.]*|pip[\d.]*)$/;

/**
 * Virtual environments of Python that a program of the image made in its container. Their
 * `bin/python` is a link to the interpreter of the image, so that what runs is no new program.
 */
export class VirtualEnvironments {
  /** Interpreter of each folder, by container. */
  readonly #interpreters = new RecentMap<string>(maxEnvironments);
  /** Most detectors see none: their events need no look-up. */
  #hasAny = false;

  /** Records the environment that the process of an exec makes, if it is one of the image. */
  note(observation: Observation, facts: FactContext): void {
    const { activity, process } = observation;
    if (activity !== 'exec' || !process?.executable || !process.commandLine?.includes('venv')) return;
    this.#record(observation, process.executable, facts);
  }

  /** Puts the interpreter in place of the links to it, which nothing has overwritten. */
  name(observation: Observation, process: TreeProcess | null, writers: FileWriters): void {
    const { process: seen } = observation;
    if (seen === null || !this.#hasAny) return;
    const program = this.#behind(seen.executable, observation, writers);
    if (process !== null && process.executable === seen.executable) process.executable = program;
    seen.executable = program;
    seen.parentExecutable = this.#behind(seen.parentExecutable, observation, writers);
  }

  snapshot(): PersistedMap<string> {
    return this.#interpreters.snapshot();
  }

  restore(interpreters: PersistedMap<string>): void {
    this.#interpreters.restore(interpreters);
    this.#hasAny = true;
  }

  #record(observation: Observation, program: string, facts: FactContext): void {
    const container = containerKey(observation);
    const image = imageOf({ observation, facts });
    const folder = madeBy(observation.process?.commandLine ?? '', observation.process?.workingDirectory ?? null);
    if (container === null || image === null || folder === null || image.files.get(program) === null) return;
    const known = /^python[\d.]*$/.test(baseName(program)) ? [program] : interpreters;
    const interpreter = known.find((path) => image.files.get(path) !== null);
    if (interpreter === undefined) return;
    this.#interpreters.set(`${container}:${folder}`, interpreter);
    this.#hasAny = true;
  }

  #behind(program: string | null, observation: Observation, writers: FileWriters): string | null {
    const folder = program === null ? undefined : inEnvironment.exec(program)?.[1];
    if (program === null || folder === undefined) return program;
    const container = containerKey(observation);
    const interpreter = container === null ? undefined : this.#interpreters.get(`${container}:${folder}`);
    return interpreter === undefined || writers.writerOf(observation, program) !== null ? program : interpreter;
  }
}

const maxWords = 24;
const withValue: ReadonlySet<string> = new Set(['-p', '--python', '--prompt', '--app-data', '--seed-packages']);

/** Returns the folder that `python -m venv` or `uv venv` makes; null for other commands. */
function madeBy(commandLine: string, workingDirectory: string | null): string | null {
  const words = commandLine.split(/\s+/, maxWords);
  const at = words.findIndex((word, index) => word === 'venv' && /(?:^|\/)(?:-m|uv)$/.test(words[index - 1] ?? ''));
  if (at < 0) return null;
  for (let index = at + 1; index < words.length; index++) {
    const word = words[index]!;
    if (withValue.has(word)) index++;
    else if (word.startsWith('/')) return withoutSlash(word);
    else if (word !== '' && !word.startsWith('-') && workingDirectory !== null) {
      return `${workingDirectory === '/' ? '' : workingDirectory}/${withoutSlash(word.replace(/^\.\//, ''))}`;
    }
  }
  return null;
}

function withoutSlash(folder: string): string {
  return folder.endsWith('/') ? folder.slice(0, -1) : folder;
}
