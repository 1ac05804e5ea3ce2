import type { ObservedProcess } from '@tidewaiter/domain';

/** Interpreters by the name of their executable. A version may follow: `python3.12`. */
const interpreter = /^(?:python|perl|ruby|node|nodejs|php|java|sh|bash|dash|ash|ksh|zsh|busybox|pwsh)[\d.]*$/;

export function isInterpreter(name: string): boolean {
  return interpreter.test(name);
}

/**
 * Returns the script or the archive that an interpreter runs: `/usr/bin/unattended-upgrade` of
 * `python3 /usr/bin/unattended-upgrade`. Null for other programs, and for code on the command line.
 */
export function scriptOf({ executable, commandLine, arguments: given }: ObservedProcess): string | null {
  if (executable === null || !interpreter.test(baseName(executable))) return null;
  const text = given ?? afterFirst(commandLine ?? '');
  const words = text.split(/\s+/, maxWords).map((word) => word.replaceAll(/^["']|["']$/g, ''));
  for (const word of words) {
    if (word === '-c' || word === '-e' || word === '-m' || word === '-r') return null;
    if (word.startsWith('-') || word === '') continue;
    // Class paths and values of options name no script.
    return word.includes('/') && !word.includes(':') ? word : null;
  }
  return null;
}

/** Limit on words of a command that are looked at: options come first. */
const maxWords = 24;

/** Returns the program without its folder, and without `(deleted)`. */
export function baseName(path: string): string {
  const end = path.endsWith(deleted) ? path.length - deleted.length : path.length;
  return path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}

const deleted = ' (deleted)';

/**
 * Whether the path is one at which no package puts a program: a folder that all users may write to,
 * memory, a deleted file, or the storage of containers as the host sees it.
 */
export function isPassingPath(path: string): boolean {
  return passing.test(path) || path.endsWith(deleted);
}

const passing =
  /^(?:\/?memfd:|\/(?:tmp|var\/tmp|dev\/shm|run\/shm|run\/user|run\/lock)\/|\/(?:proc\/(?:self|\d+)|dev)\/fd\/|\/proc\/self\/exe|\/var\/lib\/(?:containerd|containers|docker|kubelet)\/(?:[^/]+\/)*(?:snapshots|overlay|overlay2|diff|merged|volumes|pods)\/)/;

function afterFirst(commandLine: string): string {
  const space = commandLine.indexOf(' ');
  return space < 0 ? '' : commandLine.slice(space + 1);
}
