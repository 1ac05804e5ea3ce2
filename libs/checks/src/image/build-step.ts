import { parseScript, type Script } from '../shell/parse.js';

/** One step of an image's history, parsed as far as possible. */
export interface BuildStep {
  /**
   * Dockerfile instruction in capitals; `RUN` for a bare shell command; empty for text of other
   * builders.
   */
  instruction: string;
  /** Text after the instruction; for `RUN` the script. */
  text: string;
  script?: Script;
  /** Build arguments passed to the step, `NAME=value`. */
  buildArguments: readonly string[];
}

const shellCall = /^(?:\/usr)?(?:\/bin\/)?(?:sh|bash|ash|dash)(?: -[a-z]{1,10}| pipefail){0,4} -[a-z]{0,6}c /;
const instructions =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)[ \t]+/;

/**
 * Parses `created_by` of several builders: BuildKit `RUN |1 A=b /bin/sh -c make # buildkit`, the
 * classic builder and Buildah `/bin/sh -c #(nop) ADD …` and `|1 A=b /bin/sh -c make`, Kaniko `RUN
 * make`.
 */
export function readStep(createdBy: string): BuildStep {
  const text = createdBy.trim().replace(/[ \t]{1,8}# buildkit$/, '');
  const nop = /^\/bin\/sh -c #\(nop\)\s{0,8}/.exec(text);
  const instructed = nop ? text.slice(nop[0].length) : text;
  const instruction = instructions.exec(instructed)?.[1];
  if (instruction !== undefined && instruction !== 'RUN') {
    return { instruction, text: instructed.slice(instruction.length).trim(), buildArguments: [] };
  }
  const command = instruction === 'RUN' ? instructed.slice(3).trim() : instructed;
  const { buildArguments, rest } = splitArguments(command);
  const call = shellCall.exec(rest);
  if (instruction === undefined && !call) return { instruction: '', text, buildArguments: [] };
  const script = call ? rest.slice(call[0].length) : rest;
  return { instruction: 'RUN', text: script, script: parseScript(script), buildArguments };
}

/**
 * Parses `|2 A=b C=d e /bin/sh -c …`: the number counts the arguments before the command; values
 * may hold spaces.
 */
function splitArguments(command: string): { buildArguments: string[]; rest: string } {
  const [, number] = /^\|(\d{1,3}) /.exec(command) ?? [];
  if (number === undefined) return { buildArguments: [], rest: command };
  const count = Number(number);
  const start = command.indexOf(' ') + 1;
  const shell = / (?:\/usr)?\/bin\/(?:sh|bash|ash|dash) -/.exec(command)?.index ?? command.length;
  const buildArguments: string[] = [];
  for (const word of command.slice(start, shell).split(' ')) {
    if (buildArguments.length < count && /^[A-Za-z_]\w*=/.test(word)) buildArguments.push(word);
    else if (buildArguments.length > 0) buildArguments.push(`${buildArguments.pop()!} ${word}`);
  }
  return { buildArguments, rest: command.slice(shell).trimStart() };
}
