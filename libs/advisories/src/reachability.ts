import { linkedCode, type LinkedNames, type PackageRecord, type Reachability } from '@tidewaiter/domain';
import { z } from 'zod';

import { shortText } from './osv-parts.js';

/**
 * Vulnerable functions of one package of a module. @see
 * https://go.dev/doc/security/vuln/database#schema
 */
export interface VulnerableImport {
  path: string;
  /** `Parse`, `Tokenizer.Next`; every function of the package if empty. */
  symbols: string[];
  /** Operating systems and architectures that have the vulnerability; all if absent. */
  goos?: string[];
  goarch?: string[];
}

/** The largest lists of Go's database have 23 packages and 223 functions. */
const maxImports = 200;
const maxSymbols = 2_000;

const texts = z.array(shortText).max(maxSymbols);

/** `imports` of `ecosystem_specific`, read as a whole or not at all: a part would hide the rest. */
export const importsSchema = z
  .array(
    z.object({
      path: shortText,
      symbols: texts.default([]),
      goos: texts.nonempty().optional(),
      goarch: texts.nonempty().optional(),
    }),
  )
  .nonempty()
  .max(maxImports)
  .optional()
  .catch(undefined);

/**
 * Whether the programs of an image contain vulnerable functions of a package; undefined if the
 * advisory lists none, or the functions of some program with the package are unknown.
 * @param programs names of the code in each program of the image
 */
export function reachabilityOf(
  { name, version }: Pick<PackageRecord, 'name' | 'version'>,
  imports: readonly VulnerableImport[] | undefined,
  programs: readonly LinkedNames[],
): Reachability | undefined {
  if (imports === undefined) return undefined;
  if (programs.some((program) => program.has(linkedCode.opaqueModule(name, version)))) return undefined;
  const users = programs.filter((program) => program.has(linkedCode.module(name, version)));
  if (users.length === 0) return undefined;
  const isLinked = users.some((program) => imports.some((each) => isIn(program, each)));
  return isLinked ? 'linked' : 'not-linked';
}

function isIn(program: LinkedNames, { path, symbols, goos, goarch }: VulnerableImport): boolean {
  if (!isBuiltFor(program, 'GOOS', goos) || !isBuiltFor(program, 'GOARCH', goarch)) return false;
  if (symbols.length === 0) return program.has(linkedCode.package(path));
  return symbols.some((symbol) => program.has(linkedCode.function(path, symbol)));
}

function isBuiltFor(program: LinkedNames, name: 'GOOS' | 'GOARCH', values: readonly string[] | undefined): boolean {
  return values === undefined || ['', ...values].some((value) => program.has(linkedCode.setting(name, value)));
}
