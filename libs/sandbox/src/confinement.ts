import type { ChildProcessByStdio } from 'node:child_process';
import { basename, dirname, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export type ConfinedProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * The kernel's part, where the system has it: no core dump with bytes of an image, no byte written
 * to any file, no network (a user may create a network namespace of their own; many container
 * runtimes forbid it), and the end of a process whose program was killed.
 */
const confine = `ulimit -c 0 -f 0 2>/dev/null || { ulimit -c 0; ulimit -f 0; }
for with in 'unshare --user --net setpriv --pdeathsig KILL --no-new-privs' 'setpriv --pdeathsig KILL --no-new-privs'; do
  $with true 2>/dev/null && exec $with "$@"
done
exec "$@"`;

/**
 * Starts a module in a Node of its own that can do nothing but compute: no environment, no open
 * files but its three pipes, and by Node's permission model no files but those of the program, no
 * child processes, threads, add-ons or inspector.
 */
export function startConfined(program: URL, flags: readonly string[]): ConfinedProcess {
  // Loaded on demand, as most scans need no process.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { isSea } = process.getBuiltinModule('node:sea');
  const { args, env } = isSea() ? partOfExecutable(program, flags) : fileOnDisk(program, flags);
  const stdio = ['pipe', 'pipe', 'pipe'] as const;
  return spawn('/bin/sh', ['-c', confine, 'sh', process.execPath, ...args], { cwd: '/', env, stdio: [...stdio] });
}

interface Start {
  args: string[];
  env: Record<string, string>;
}

function fileOnDisk(program: URL, flags: readonly string[]): Start {
  const path = fileURLToPath(program);
  return { args: ['--permission', ...readable(path), ...lockedDown, ...flags, path], env: {} };
}

/**
 * A single executable file has the module in itself, so that the process reads no file at all. It
 * takes options of Node from the environment only, and some of V8's not even there: its entry sets
 * them.
 */
function partOfExecutable(program: URL, flags: readonly string[]): Start {
  const isEarly = (flag: string) => process.allowedNodeEnvironmentFlags.has(flag.split('=')[0]!);
  const early = ['--permission', ...lockedDown, ...flags.filter(isEarly)];
  const late = flags.filter((flag) => !isEarly(flag));
  return { args: [basename(program.pathname), ...late], env: { NODE_OPTIONS: early.join(' ') } };
}

const lockedDown = ['--disallow-code-generation-from-strings', '--disable-proto=throw', '--no-experimental-websocket'];

/** Folders of the code that it imports: those of the bundle, or of the workspaces and packages. */
function readable(path: string): string[] {
  const root = resolve(dirname(path), '../../..');
  const folders = [dirname(path), resolve(root, 'libs'), resolve(root, 'node_modules')];
  return folders.map((folder) => `--allow-fs-read=${folder}/`);
}
