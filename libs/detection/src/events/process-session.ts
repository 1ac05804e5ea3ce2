import { type Observation, type ObservedProcess, unknownProcess } from '@tidewaiter/domain';

import type { FileWriters } from './file-writers.js';
import type { ProcessTree, TreeProcess } from './process-tree.js';
import { baseName, scriptOf } from './program.js';
import { type Session, sessionOf } from './session.js';

const downloader = /^(?:curl|wget|aria2c|fetch|ftp|tftp)$/;

interface Scene {
  observation: Observation;
  process: TreeProcess | null;
  tree: ProcessTree;
  writers: FileWriters;
}

/** Session of a host process; undefined in containers, and where the chain names none. */
export function processSession({ observation, process, tree, writers }: Scene): Session | undefined {
  if (process === null || observation.container !== null || observation.pod !== null) return undefined;
  const known = [process, ...tree.ancestors(process)];
  // Falco without the parent's pid: its name and command line are all that is known.
  const chain = process.parent === null ? [...known, ...reportedParent(observation.process, process)] : known;
  return sessionOf(chain, (program) => {
    const writer = writers.writerOf(observation, program);
    return writer !== null && (writer.inContainer || writer.executables.slice(0, 1).some(isDownloader));
  });
}

function reportedParent(reported: ObservedProcess | null, process: TreeProcess): TreeProcess[] {
  if (reported === null || reported.parentExecutable === null) return [];
  const { parentExecutable: executable, parentCommandLine: commandLine } = reported;
  return [
    { ...process, executable, script: scriptOf({ ...unknownProcess(), executable, commandLine }), container: null },
  ];
}

function isDownloader(executable: string): boolean {
  return downloader.test(baseName(executable));
}
