import { factField } from '@tidewaiter/facts';

import type { EventInputs } from './event-inputs.js';
import { isForeign } from './own-work.js';
import { baseName, isInterpreter, isPassingPath } from './program.js';
import { isServer } from './session.js';
import { carrier, imageOf, isBelowStartScripts } from './start-chain.js';

/** Time after the start of a container within which an application puts its parts in place. */
const startS = 3 * 60;

/** Folders of packages: what an application installs for itself lies in its own. */
const systemFolder = /^\/(?:bin|sbin|lib(?:32|64)?|etc|boot|usr\/(?!local\/share\/|share\/))/;
const hiddenName = /\/\.[^/]+$/;
/** Programs that put down what others gave them. */
const unpacker = /^(?:tar|unzip|cp|mv|dd|tee|install|rsync|scp|gzip|base64|cat|git)$/;

/**
 * Returns the part of the image that has installed the program of an event: `start-script` where
 * only scripts of the image lead to it, as of a game server that updates itself; `application`
 * where the application has written it and starts it itself, as a plugin, and
 * `running-application` where it does so long after its start, or its image is new. Undefined for
 * programs of the image, and where neither is known.
 */
export function installedBy(inputs: EventInputs): string | undefined {
  const { observation, process, tree, writers, facts } = inputs;
  const path = observation.process?.executable;
  if (!path || process === null || observation.container === null) return undefined;
  if (hiddenName.test(path) || systemFolder.test(path)) return undefined;
  const ask = (name: string) => factField(name, observation, facts);
  // The scripts of an unsigned public image are trusted once it has run here before.
  const isUnsigned = ask('Image.PublicRegistry') === true && ask('Image.Signed') === false;
  const isNew = isUnsigned && ask('Image.FirstSeen') !== false;
  if (imageOf(inputs)?.files.get(path) !== null || isForeign(inputs)) return undefined;
  const isPassing = isPassingPath(path);
  if (!isNew && !isPassing && isBelowStartScripts(inputs)) return 'start-script';
  const starter = tree.parentOf(process)?.executable ?? observation.process?.parentExecutable;
  if (!starter || writers.writerOf(observation, path)?.executables[0] !== starter) return undefined;
  if (!isApplication(starter, inputs)) return undefined;
  const age = ask('Container.AgeSeconds');
  const isAtStart = typeof age === 'number' && age <= startS;
  // Self-extracting programs unpack there when they start, and an intruder at any time.
  if (isPassing) {
    const isUnpacked = !isNew && isAtStart && path.startsWith('/tmp/') && ask('Container.Exposed') === false;
    return isUnpacked ? 'application' : undefined;
  }
  return isAtStart && !isNew ? 'application' : 'running-application';
}

/** Whether a program of the image is no interpreter, server or tool, which may act for others. */
function isApplication(program: string, inputs: EventInputs): boolean {
  const image = imageOf(inputs);
  if (image === null || image.flagged.size > 0 || inputs.observation.process?.inInitTree === false) return false;
  const name = baseName(program);
  if (isServer(name) || isInterpreter(name) || carrier.test(name) || unpacker.test(name)) return false;
  return image.files.get(program) !== null;
}
