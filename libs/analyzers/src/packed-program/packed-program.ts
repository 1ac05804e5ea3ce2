import { isUpx } from '@tidewaiter/integrity';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { attachedEntries, isReadArchive } from '../attached-archive.js';
import { type Elf, elfSectionTypes, isDistributionLibrary, isElfProgram, readElf } from '../elf.js';
import { oneLine } from '../package-database.js';

/** Bytes behind a program that may be its section table or a signature. */
const minBytes = 64 * 1024;

/** Sections of compilers and linkers begin with a dot. */
const ofToolchain = /^\./;
/**
 * Switch of Node.js that the bundler of an application turns on. @see
 * https://nodejs.org/api/single-executable-applications.html
 */
const nodeApplication = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1';

/**
 * Programs with content that no analyzer can read: packed by UPX, or with data behind them or in a
 * section of their own, as of applications that .NET, Bun, Deno, Node.js, PyInstaller and others
 * bundle with a runtime. Compilers and linkers leave nothing of that kind, so ordinary images have
 * none.
 */
export const packedProgram: Analyzer = {
  name: 'packed-program',
  version: 2,
  maxBytes: Infinity,
  wants: (path, head) => isElfProgram(head) && !isDistributionLibrary(path),
  analyze: ({ content }) => readProgram(content),
};

function readProgram(content: Buffer): FileFacts {
  if (isUpx(content)) return { unread: 'program packed by UPX: its packages are not known' };
  const elf = readElf(content);
  const behind = content.length - endOf(elf);
  const unread =
    behind >= minBytes && !isReadArchive(attachedEntries(content))
      ? `${behind} bytes behind the program`
      : bundleIn(elf);
  if (unread !== undefined) return { unread: `${unread} are not read: its packages are not known` };
  if (content.includes(nodeApplication, 0, 'latin1'))
    return { unread: 'application in a program of Node.js: its packages are not known' };
  return {};
}

/** Section that is no part of the running program, and of no compiler. */
function bundleIn({ sections }: Elf): string | undefined {
  const bundle = sections.find(
    ({ name, type, address, sizeBytes }) =>
      type !== elfSectionTypes.empty && address === 0 && sizeBytes >= minBytes && !ofToolchain.test(name),
  );
  return bundle && `${bundle.sizeBytes} bytes of the section ${oneLine(bundle.name)}`;
}

/** Offset behind everything that the tables of a program name. */
function endOf({ sections, segments }: Elf): number {
  const stored = sections.filter(({ type }) => type !== elfSectionTypes.empty);
  let end = 0;
  for (const { offset, sizeBytes } of [...stored, ...segments]) end = Math.max(end, offset + sizeBytes);
  return end;
}
