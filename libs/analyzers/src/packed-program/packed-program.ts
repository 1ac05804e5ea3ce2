import { isUpx } from '@tidewaiter/integrity';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { attachedEntries } from '../attached-archive.js';
import { type Elf, elfSectionTypes, isDistributionLibrary, isElfProgram, readElf } from '../elf.js';

/** Bytes behind a program that may be its section table or a signature. */
const minBytes = 64 * 1024;

/**
 * Programs with content that no analyzer can read: packed by UPX, or with data behind them in a
 * format of their own, as of applications that .NET, Bun, Deno and others bundle with a runtime.
 * Compilers and linkers leave nothing behind a program, so ordinary images have none.
 */
export const packedProgram: Analyzer = {
  name: 'packed-program',
  version: 1,
  maxBytes: Infinity,
  wants: (path, head) => isElfProgram(head) && !isDistributionLibrary(path),
  analyze: ({ content }) => readProgram(content),
};

function readProgram(content: Buffer): FileFacts {
  if (isUpx(content)) return { damage: 'program packed by UPX: its packages are not known' };
  const behind = content.length - endOf(readElf(content));
  if (behind < minBytes || attachedEntries(content).length > 0) return {};
  return { damage: `${behind} bytes behind the program are not read: its packages are not known` };
}

/** Offset behind everything that the tables of a program name. */
function endOf({ sections, segments }: Elf): number {
  const stored = sections.filter(({ type }) => type !== elfSectionTypes.empty);
  let end = 0;
  for (const { offset, sizeBytes } of [...stored, ...segments]) end = Math.max(end, offset + sizeBytes);
  return end;
}
