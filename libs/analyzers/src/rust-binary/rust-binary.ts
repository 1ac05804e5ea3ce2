import { inflateSync } from 'node:zlib';

import { LimitExceeded, MalformedFile, type PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { objectOf, parseJson } from '../document.js';
import { isDistributionLibrary, isElfProgram, readElf, sectionContent } from '../elf.js';
import { collectPackages, isToken } from '../package-database.js';
import { linkedCrates } from './linked-crates.js';
import { customSection, isWasm } from './wasm.js';

/** Default limit of cargo-auditable's own readers. */
const maxAuditBytes = 8 << 20;
const auditSection = '.dep-v0';
const crateName = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Crates that cargo-auditable wrote into a program or WebAssembly module, without build
 * dependencies; without its list, those whose source files the code names.
 * @see https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md
 */
export const rustBinary: Analyzer = {
  name: 'rust-binary',
  maxBytes: Infinity,
  version: 2,
  wants: (path, head) => isWasm(head) || (isElfProgram(head) && !isDistributionLibrary(path)),
  analyze: ({ path, content }) => readProgram(content, path),
};

function readProgram(content: Buffer, foundIn: string): FileFacts {
  const { audit, constants, damage } = isWasm(content) ? partsOfWasm(content) : partsOfElf(content);
  if (audit) return collectPackages(readCrates(audit, foundIn));
  const { packages = [] } = collectPackages(linkedCrates(constants).map((crate) => crateOf(crate, foundIn)));
  return { ...(packages.length > 0 && { packages }), ...(damage !== undefined && { damage }) };
}

interface Parts {
  /** List of cargo-auditable. */
  audit: Buffer | undefined;
  /** Place of the strings of the code. */
  constants: Buffer;
  damage?: string | undefined;
}

function partsOfWasm(content: Buffer): Parts {
  return { audit: customSection(content, auditSection), constants: content };
}

/** Most of a program is code: only its constants are searched, where it says which these are. */
function partsOfElf(content: Buffer): Parts {
  const { sections, damage } = readElf(content);
  const contentOf = (name: string) => {
    const section = sections.find((each) => each.name === name);
    return section && sectionContent(content, section);
  };
  return { audit: contentOf(auditSection), constants: contentOf('.rodata') ?? content, damage };
}

function* readCrates(section: Buffer, foundIn: string): Generator<PackageRecord | 'unreadable' | undefined> {
  const { packages: crates } = objectOf(parseJson(inflate(section)));
  if (!Array.isArray(crates)) throw new MalformedFile(`${auditSection} without packages`);
  for (const crate of crates as unknown[]) yield readCrate(crate, foundIn);
}

function inflate(section: Buffer): string {
  try {
    return inflateSync(section, { maxOutputLength: maxAuditBytes }).toString('utf8');
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLarge) throw new LimitExceeded('maxAuditBytes', `${auditSection} of more than ${maxAuditBytes} bytes`);
    throw new MalformedFile(`${auditSection} that is not zlib`, { cause: error });
  }
}

function readCrate(crate: unknown, foundIn: string): PackageRecord | 'unreadable' | undefined {
  const { kind, ...claim } = objectOf(crate);
  return kind === 'build' ? undefined : crateOf(claim, foundIn);
}

function crateOf(
  { name, version }: { name?: unknown; version?: unknown },
  foundIn: string,
): PackageRecord | 'unreadable' {
  if (typeof name !== 'string' || typeof version !== 'string') return 'unreadable';
  if (!crateName.test(name) || !isToken(version)) return 'unreadable';
  return { type: 'cargo', name, version, source: { name, version }, licenses: [], foundIn };
}
