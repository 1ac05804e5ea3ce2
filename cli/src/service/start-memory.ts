import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Time for the work that follows a start: the first compilation of rules, the first reads of
 * tables.
 */
const delayMs = 5_000;

/**
 * Returns the memory of the start to the system. V8 would keep some 80 MB of it: an idle process
 * allocates too little for another collection. The process stands still for some 0.3 s, once.
 */
export function releaseStartMemory(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void;
    collect({ type: 'major', flavor: 'last-resort' });
  }, delayMs).unref();
}
