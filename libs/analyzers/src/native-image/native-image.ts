import { gunzipSync } from 'node:zlib';

import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';

import type { Analyzer, FileFacts } from '../analyzer.js';
import {
  type Elf,
  fileOffsetOf,
  isDistributionLibrary,
  isElfProgram,
  numbersOf,
  readElf,
  symbolAddress,
} from '../elf.js';
import { readSbom } from '../sbom-packages.js';

const maxSbomBytes = 64 << 20;
/** Symbols of GraalVM: the version of the image's form, its SBOM, and the bytes of that. */
const symbols = { version: '__svm_version_info', sbom: 'sbom', length: 'sbom_length' };

/**
 * Java programs that GraalVM compiled: their packages by the SBOM that it writes into them.
 * @see https://www.graalvm.org/latest/reference-manual/native-image/security/sbom/
 */
export const nativeImage: Analyzer = {
  name: 'native-image',
  version: 2,
  maxBytes: Infinity,
  wants: (path, head) => isElfProgram(head) && !isDistributionLibrary(path),
  analyze: ({ path, content }) => readProgram(content, path),
};

function readProgram(content: Buffer, foundIn: string): FileFacts {
  const elf = readElf(content);
  if (symbolAddress(content, elf, symbols.version) === undefined) return {};
  const sbom = packedSbom(content, elf);
  if (sbom === undefined) return { unread: 'native image of Java without an SBOM: its packages are not known' };
  return readSbom(gunzip(sbom), foundIn);
}

function packedSbom(content: Buffer, elf: Elf): Buffer | undefined {
  const [start, lengthAt] = [symbols.sbom, symbols.length].map((name) => {
    const address = symbolAddress(content, elf, name);
    return address === undefined ? undefined : fileOffsetOf(elf, address);
  });
  if (start === undefined || lengthAt === undefined) return undefined;
  const length = numbersOf(content, elf.isLittleEndian, elf.bits).word(lengthAt);
  return content.subarray(start, start + length);
}

function gunzip(packed: Buffer): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: maxSbomBytes });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLarge) throw new LimitExceeded('maxSbomBytes', `SBOM of more than ${maxSbomBytes} bytes`);
    throw new MalformedFile('SBOM of a native image that is not gzip', { cause: error });
  }
}
