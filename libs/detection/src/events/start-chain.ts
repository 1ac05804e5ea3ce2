import type { ImageFacts } from '@tidewaiter/facts';

import { type EventInputs, inside } from './event-inputs.js';
import type { TreeProcess } from './process-tree.js';
import { baseName, isInterpreter } from './program.js';
import { isServer } from './session.js';

/** Facts about the image of the container; null where it is unknown. */
export function imageOf({ observation, facts }: Pick<EventInputs, 'observation' | 'facts'>): ImageFacts | null {
  const digest = facts.digestOf(observation);
  return digest === null ? null : facts.facts.image(digest);
}

/**
 * Whether a process is below nothing but start scripts: a shell with a script of the image has
 * started it, and all that leads there are such shells, and programs that start them. No request
 * makes these start something else than their author wrote.
 */
export function isBelowStartScripts(inputs: EventInputs): boolean {
  const [, ...above] = inside(inputs);
  return areStartScripts(above, inputs);
}

/** Whether a process is itself such a shell with a script of the image. */
export function isStartScript(inputs: EventInputs): boolean {
  return areStartScripts(inside(inputs), inputs);
}

/**
 * Whether a script of the image has started a process, which a program of the image has called by
 * its path. A command line may give a script of the image anything to run.
 */
export function isBelowScript(inputs: EventInputs): boolean {
  const [, parent, caller] = inside(inputs);
  const image = imageOf(inputs);
  if (parent === undefined || image === null || image.flagged.size > 0 || !isScriptOf(parent, image)) return false;
  if (caller?.executable == null || image.files.get(caller.executable) === null) return false;
  return isScriptOf(caller, image) || !isInterpreter(baseName(caller.executable));
}

function areStartScripts([script, ...above]: TreeProcess[], inputs: EventInputs): boolean {
  const image = imageOf(inputs);
  if (image === null || image.flagged.size > 0 || inputs.observation.process?.inInitTree === false) return false;
  if (!script || !isScriptOf(script, image)) return false;
  const beganMs = inputs.facts.startedAtOf(inputs.observation);
  let below = script;
  for (const each of above) {
    if (!isScriptOf(each, image) && !isStarter(each, below, image, beganMs)) return false;
    below = each;
  }
  return true;
}

/** Whether a process is a shell that runs a script of the image. */
function isScriptOf({ executable, script }: TreeProcess, image: ImageFacts): boolean {
  if (executable === null || script === null || !isShell(baseName(executable))) return false;
  return image.files.get(executable) !== null && image.files.get(script) !== null;
}

const starter =
  /^(?:tini|tini-static|dumb-init|catatonit|docker-init|s6-svscan|s6-supervise|runsv|runsvdir|supervisord|su-exec|gosu|setpriv|env)$/;
/** Time within which a container starts its script. A server calls one at any time. */
const startMs = 60_000;

/** Whether a program of the image only starts what is below it. */
function isStarter(
  { executable, script }: TreeProcess,
  below: TreeProcess,
  image: ImageFacts,
  beganMs: number | null,
): boolean {
  if (executable === null || image.files.get(executable) === null) return false;
  // supervisord is a script of Python.
  if (starter.test(baseName(script ?? executable))) return script === null || image.files.get(script) !== null;
  const name = baseName(executable);
  if (isServer(name) || isInterpreter(name) || carrier.test(name)) return false;
  return beganMs !== null && below.startedMs !== null && below.startedMs - beganMs <= startMs;
}

/** Whether all that leads to a process is in the image, and neither a server nor a command line. */
export function isBelowPrograms(inputs: EventInputs): boolean {
  const image = imageOf(inputs);
  if (image === null || image.flagged.size > 0 || inputs.observation.process?.inInitTree === false) return false;
  return inside(inputs)
    .slice(1)
    .every((process) => {
      const { executable } = process;
      if (executable === null || isScriptOf(process, image)) return executable !== null;
      const name = baseName(executable);
      return !isServer(name) && !isInterpreter(name) && !carrier.test(name) && image.files.get(executable) !== null;
    });
}

const isShell = (name: string): boolean => /^(?:sh|bash|dash|ash|ksh|zsh|busybox)$/.test(name);

/** Programs that bring in others or run what they are given: an attacker's first choice. */
export const carrier = /^(?:curl|wget|nc|ncat|socat|ssh|sshd|telnet|openssl|xargs|env|sudo|su)$/;
