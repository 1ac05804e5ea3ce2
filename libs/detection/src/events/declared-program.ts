import { factGetter } from '@tidewaiter/facts';

import { type EventInputs, inside } from './event-inputs.js';
import { isFirstCopy, isForeign } from './own-work.js';
import { isPassingPath } from './program.js';
import { isRuntime } from './session.js';

const known = factGetter('File.InImage')!;

/**
 * Whether the image has the file of an event; undefined where that is unknown. It is unknown of the
 * program that the pod starts although the image lacks it, too: that comes from a volume, which an
 * operator or an init container has filled.
 */
export function isInImage(inputs: EventInputs): unknown {
  const answer = known(inputs.observation, inputs.facts);
  return answer === false && isDeclared(inputs) ? undefined : answer;
}

/**
 * Whether the event is about the program that the container's runtime started, by its path. What a
 * process of the container has written there is another program, and so is what an intruder has
 * declared.
 */
function isDeclared(inputs: EventInputs): boolean {
  const { observation, process, tree, writers } = inputs;
  const { activity, file, container } = observation;
  const path = activity === 'exec' || file === null ? observation.process?.executable : file.path;
  if (!path || process === null || container === null || observation.process?.inInitTree === false) return false;
  const first = inside(inputs).at(-1);
  if (first?.executable !== path || isPassingPath(path)) return false;
  const starter = tree.parentOf(first);
  const isStarted = isRuntime(starter?.executable ?? '') || isFirstCopy(starter?.executable ?? null, starter, inputs);
  return isStarted && writers.writerOf(observation, path) === null && !isForeign(inputs);
}
