import { factField } from '@tidewaiter/facts';

import type { EventInputs } from './event-view.js';
import { baseName, isInterpreter, isPassingPath } from './program.js';
import { isRuntime, isServer } from './session.js';

/** Programs that run others or bring them in: an attacker's first choice. */
const carrier = /^(?:curl|wget|nc|ncat|socat|ssh|telnet|openssl|xargs|env|sudo|su)$/;
/** Programs whose arguments are names of packages. */
const installer = /^(?:apk|apt|apt-get|dpkg|dnf|microdnf|tdnf|yum|zypper|pacman)$/;
/** A shell, an interpreter or a downloader as an argument: `nsenter -t 1 -m -- bash`. */
const runsCarrier =
  /(?:[ /=](?:sh|bash|dash|ash|ksh|zsh|fish|busybox|python[\d.]*|perl|curl|wget|nc|ncat|socat)|\/(?:node|ruby|php))(?: (?!-e?c )|["']?$)/;

/**
 * Whether a process does the work for which its container was started: it is the declared command,
 * or what this starts directly, all from a known image. A server or an interpreter that starts
 * something may do so for an attacker, and so may a shell that `exec` opened.
 */
export function isOwnWork(inputs: EventInputs): boolean {
  const { observation, process, tree } = inputs;
  const seen = observation.process;
  if (process === null || seen === null || seen.executable === null) return false;
  if (observation.container === null || seen.inInitTree === false) return false;
  if (!isKnownImage(inputs) || tree.suspicions(process, observation.timeMs).length > 0) return false;
  const parent = tree.parentOf(process);
  const starter = seen.parentExecutable ?? parent?.executable ?? null;
  const own = baseName(seen.executable);
  if (starter === null || (!installer.test(own) && runsCarrier.test(seen.commandLine ?? ''))) return false;
  if (isRuntime(starter)) return true;
  const grandparent = parent && tree.parentOf(parent);
  if (grandparent != null && grandparent.container === process.container) return false;
  if (!isOfImage(starter, inputs)) return false;
  const by = baseName(starter);
  if (isShell(by)) return true;
  return !isServer(by) && !isInterpreter(by) && !isInterpreter(own) && !carrier.test(own);
}

/** Whether the image has the program, or it ran before it was watched and was not written. */
function isOfImage(program: string, { observation, process, tree, writers, facts }: EventInputs): boolean {
  const digest = facts.digestOf(observation);
  const image = digest === null ? null : facts.facts.image(digest);
  if (image === null || image.files.get(program) !== null) return image !== null;
  const wasSeen = (process && tree.parentOf(process)?.startedMs) != null;
  return !wasSeen && !isPassingPath(program) && writers.writerOf(observation, program) === null;
}

const isShell = (name: string): boolean => /^(?:sh|bash|dash|ash|busybox|tini|dumb-init)$/.test(name);

/** Whether the program is in an image that is no newcomer of unknown origin. */
function isKnownImage({ observation, facts }: EventInputs): boolean {
  const fact = (name: string) => factField(name, observation, facts);
  if (fact('File.InImage') !== true || fact('Image.FirstSeen') === true) return false;
  return !(fact('Image.PublicRegistry') === true && fact('Image.Signed') === false);
}
