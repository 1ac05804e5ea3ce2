import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

import debianPackages from './debian-packages.json' with { type: 'json' };

const { env } = process;
const repository = resolve(import.meta.dirname, '../../..');
// Debian's folders of programs, which the PATH of a service or cron job may lack.
const folders = [...(env['PATH'] ?? '').split(delimiter).filter(Boolean), '/usr/local/bin', '/usr/bin', '/usr/sbin'];

/** Program that some tests need, and that a Debian package has. */
export type TestProgram = keyof (typeof debianPackages)['usual'] | keyof (typeof debianPackages)['rare'];

/** Need of a test beside Node and the three servers: a program, data or ability of the machine. */
export interface Need {
  isThere: boolean;
  /** Names of what is missing, which the list of skipped tests shows. */
  missing: readonly string[];
}

/** Programs on PATH. */
export function programs(...names: TestProgram[]): Need {
  return need(...names.filter((name) => pathOf(name) === undefined));
}

/** Path of a program on PATH; undefined if there is none. */
export function pathOf(program: string): string | undefined {
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

/** File or folder below `TIDEWAITER_SHARED`, the data outside the repository. */
export function sharedData(path: string): Need & { path: string } {
  const at = resolve(repository, env['TIDEWAITER_SHARED'] ?? '../shared', path);
  return { ...need(...(existsSync(at) ? [] : [`TIDEWAITER_SHARED/${path}`])), path: at };
}

/** Images that were built from the shared data; building them takes minutes. */
export function corpusImages(): Need & { path: string } {
  const path = env['TIDEWAITER_CORPUS'] ?? '';
  return { ...need(...(path === '' ? ['TIDEWAITER_CORPUS'] : [])), path };
}

/** Leave to run a node of Kubernetes, with containers as root and other settings of the kernel. */
export function kubernetesNode(): Need {
  const isAllowed = env['TIDEWAITER_NODE'] === '1' && process.getuid?.() === 0;
  return need(...(isAllowed ? [] : ['TIDEWAITER_NODE']));
}

/** A right or ability of this machine, which no package brings: `root`. */
export function ability(name: string, isThere: boolean): Need {
  return need(...(isThere ? [] : [name]));
}

/** `describe` where all needs are met; else one skipped test stands for its tests. */
export function describeWith(...needs: Need[]): jest.Describe {
  const reason = reasonOf(needs);
  if (reason === undefined) return describe;
  // oxlint-disable-next-line jest/no-disabled-tests
  const absent = (name: unknown) => describe(String(name), () => it.skip(reason, () => undefined));
  return Object.assign(absent, { each: () => absent, only: absent, skip: absent }) as unknown as jest.Describe;
}

/** `it` where all needs are met; else the test is reported as skipped. */
export function itWith(...needs: Need[]): jest.It {
  const reason = reasonOf(needs);
  if (reason === undefined) return it;
  const absent = (name: string) => it.skip(`${name} ${reason}`, () => undefined);
  return Object.assign(absent, { each: () => absent, only: absent, skip: absent }) as unknown as jest.It;
}

/** Reports in a `describe` that it has fewer cases without these, as a skipped test. */
export function reportMissing(...needs: Need[]): void {
  if (needs.some(({ isThere }) => !isThere)) itWith(...needs)('has all its cases', () => undefined);
}

function need(...missing: string[]): Need {
  return { isThere: missing.length === 0, missing };
}

/** End of a skipped test's name, which `skip-reporter.ts` reads. */
function reasonOf(needs: readonly Need[]): string | undefined {
  const missing = needs.flatMap((each) => each.missing);
  return missing.length === 0 ? undefined : `[needs ${[...new Set(missing)].join(', ')}]`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
