import type { Finding } from '@tidewaiter/domain';

import { programEcosystem } from './programs/programs.js';

type Comparable = Pick<Finding, 'id' | 'kind' | 'purl' | 'path' | 'state' | 'evidence'>;

/**
 * Leaves out the second finding about a vulnerability of one program of an image. The package of
 * the program's own project is the program that was found in its files; a program written in Go
 * is the module that it was built from.
 */
export function withoutRepeated<Of extends Comparable>(findings: readonly Of[]): Of[] {
  const programs = new Set(findings.filter((each) => isOfType(each, 'generic')).map(programKey));
  const modules = new Set(findings.filter((each) => isOfType(each, 'golang')).map(fileKey));
  return findings.filter((each) => {
    if (!isOfProgram(each)) return true;
    return isOfType(each, 'generic') ? !modules.has(fileKey(each)) : !programs.has(programKey(each));
  });
}

function isOfProgram({ evidence }: Comparable): boolean {
  return String(evidence['source']).startsWith(`${programEcosystem}:`);
}

function isOfType({ purl }: Comparable, type: string): boolean {
  return purl?.startsWith(`pkg:${type}/`) === true;
}

function programKey({ id, kind, state, evidence }: Comparable): string {
  return [id, kind, state, evidence['source'], evidence['comparedVersion']].join('\n');
}

function fileKey({ id, kind, state, path }: Comparable): string {
  return [id, kind, state, path].join('\n');
}
