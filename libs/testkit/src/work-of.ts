import { Session, type Profiler } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';

/**
 * A function whose cost grows with a text: returns the number of characters or bytes that a call
 * looks at.
 */
type Cost = (subject: string | Buffer, args: readonly unknown[], result: unknown) => number;

const searched: Cost = ({ length }, args, found) => {
  const from = typeof args[1] === 'number' ? args[1] : 0;
  return found === -1 ? Math.max(0, length - from) : Math.max(0, Number(found) - from);
};
const whole: Cost = ({ length }) => length;

/** Functions of the engine that scan or copy: they are one call each, whatever they cost. */
const natives: readonly (readonly [prototype: object, name: string, cost: Cost])[] = [
  [String.prototype, 'indexOf', searched],
  [String.prototype, 'split', whole],
  [String.prototype, 'replaceAll', whole],
  [Buffer.prototype, 'indexOf', searched],
  [Buffer.prototype, 'toString', (_, __, text) => String(text).length],
];

/**
 * Work of the second call of a synchronous function, without a clock: how often blocks of code run,
 * by V8's precise coverage, and how much text native functions scan or copy. The same input gives
 * about the same number on every machine. Regular expressions do not count;
 * `tools/check-regexes.mjs` proves that theirs is linear.
 */
export function workOf(run: () => void): number {
  // V8 counts no blocks of functions that it compiled before counting started.
  session();
  // The first call loads modules and builds tables.
  run();
  let scanned = 0;
  const restore = natives.map(([prototype, name, cost]) => {
    const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
    Reflect.set(prototype, name, function counted(this: string | Buffer, ...args: unknown[]) {
      const result = original.apply(this, args);
      scanned += cost(this, args, result);
      return result;
    });
    return () => Reflect.set(prototype, name, original);
  });
  // Taking the counts sets them back. To add them up here would count the blocks of the addition.
  takeCoverage();
  // Optimized code does not count every block, and when V8 optimizes depends on the machine.
  for (const flag of optimizers) setFlagsFromString(`--no-${flag}`);
  try {
    run();
  } finally {
    for (const undo of restore) undo();
    for (const flag of optimizers) setFlagsFromString(`--${flag}`);
  }
  return scanned + executedBlocks();
}

const optimizers = ['sparkplug', 'maglev', 'turbofan'];

let counting: Session | undefined;

/**
 * Ends the counting that `workOf` begins at its first call; a suite that counts calls it at its
 * end. Counting slows everything, and each count looks at every function that the process has
 * loaded: the later suites of a Jest worker must not pay for it.
 */
export function endWork(): void {
  counting?.post('Profiler.stopPreciseCoverage');
  counting?.post('Profiler.disable');
  counting?.disconnect();
  counting = undefined;
}

function session(): Session {
  if (counting) return counting;
  counting = new Session();
  counting.connect();
  counting.post('Profiler.enable');
  counting.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return counting;
}

function executedBlocks(): number {
  let blocks = 0;
  for (const { url, functions } of takeCoverage()) {
    if (url.startsWith('node:') || url.includes('/node_modules/')) continue;
    for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
  }
  return blocks;
}

function takeCoverage(): Profiler.ScriptCoverage[] {
  let scripts: Profiler.ScriptCoverage[] = [];
  session().post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error) throw error;
    scripts = result;
  });
  return scripts;
}
