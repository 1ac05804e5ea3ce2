import { readBuildInfo } from '../go-binary/build-info.js';
import { executableOf, type Executable } from '../go-binary/executable.js';
import { mainModule } from '../go-binary/go-binary.js';
import { unknownVersion } from '../go-binary/main-version.js';
import type { GoProgram } from './go-programs.js';

const maxCandidates = 16;
const longestVersion = 64;

/**
 * Returns the version of a Go program: of its main module, else of the variable that the linker
 * set.
 * @throws MalformedFile
 * @throws LimitExceeded
 */
export function goVersion(content: Buffer, { module }: GoProgram): string | undefined {
  const program = executableOf(content);
  const modules = readBuildInfo(program)?.modules ?? '';
  const main = mainModule(modules);
  if (main?.path !== module && !main?.path.startsWith(`${module}/`)) return undefined;
  const [, version] = /^v(?!0\.0\.0-)(\d[^+]{0,127})/.exec(main.version) ?? [];
  if (version !== undefined) return version;
  // C libraries in a program have versions of their own.
  const isPure = main.version === unknownVersion && !modules.includes('build\tCGO_ENABLED=1\n');
  return isPure ? linkedText(program) : undefined;
}

/**
 * Go's constants are stored side by side; only a text that the linker put into a variable ends with
 * a zero. A single version among them is the program's, and so is one that is the prefix of the
 * others (`1.7.24`, `1.7.24-1`).
 */
function linkedText({ constants }: Executable): string | undefined {
  const versions = new Set<string>();
  for (let at = 0; at + 7 < constants.length && versions.size < maxCandidates; at += 1) {
    if (constants[at] !== 0 || !startsVersion(constants[at + 1]!)) continue;
    const [, version] =
      /^v?(\d{1,3}\.\d{1,4}\.\d{1,5}(?:[-+~][\w.+~-]{1,40})?)\0/.exec(
        constants.toString('latin1', at + 1, at + longestVersion),
      ) ?? [];
    if (version !== undefined) versions.add(version);
  }
  const [shortest, ...others] = [...versions].toSorted((a, b) => a.length - b.length);
  return shortest !== undefined && others.every((other) => other.startsWith(shortest)) ? shortest : undefined;
}

function startsVersion(byte: number): boolean {
  return byte === 0x76 || (byte >= 0x30 && byte <= 0x39);
}
