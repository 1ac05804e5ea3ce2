import { isElf, readElfHeader, type ElfHeader, type ElfPart } from './elf-header.js';
import type { FileSign, Inspector } from './file-sign.js';

/** Bits per byte: machine code has 5.5 to 6.8, compressed and encrypted bytes nearly 8. */
const packedEntropy = 7.3;
const minCodeBytes = 4096;
const samples = 16;
const sampleBytes = 1024;
/** The smallest legitimate assembler programs are larger, or their code is not writable. */
const maxShellcodeBytes = 4096;
const library = /\.so(\.[0-9.]{1,40})?$/;
/**
 * Libraries exist by the hundreds in package directories, which are verified; elsewhere each is
 * inspected.
 */
const packagedLibrary = /^(usr\/)?lib|\/(site-packages|dist-packages|node_modules|jvm|gems|perl5?)\//;

/** Programs with unreadable code: packed, encrypted, or only a loader of more code. */
export const packedSigns: Inspector = {
  wants: (path, head) => isElf(head) && isProgram(path, head),
  inspect: ({ path, content }) => {
    const elf = readElfHeader(content);
    return elf ? signsOf(path, content, elf) : [];
  },
};

/** Whether an ELF file is a program, not one of a distribution's libraries. */
export function isProgram(path: string, head: Uint8Array): boolean {
  const type = head[5] === 2 ? head[17] : head[16];
  if (type !== 2 && type !== 3) return false;
  return !library.test(path) || !packagedLibrary.test(path);
}

function signsOf(path: string, content: Buffer, elf: ElfHeader): FileSign[] {
  if (isUpx(content)) return [{ path, sign: 'packed', confidence: 'certain', evidence: { packer: 'UPX' } }];
  const code = elf.segments.filter(({ isExecutable }) => isExecutable);
  if (content.length <= maxShellcodeBytes && elf.sections.length === 0 && code.some(({ isWritable }) => isWritable)) {
    return [{ path, sign: 'shellcode', confidence: 'likely', evidence: { sizeBytes: content.length } }];
  }
  const entropy = Math.max(
    0,
    ...code.filter(({ sizeBytes }) => sizeBytes >= minCodeBytes).map((part) => entropyOf(content, part)),
  );
  if (entropy < packedEntropy) return [];
  return [{ path, sign: 'packed', confidence: 'likely', evidence: { entropy: Number(entropy.toFixed(2)) } }];
}

/**
 * Whether a program is packed by UPX, which writes its name behind the program headers and at the
 * end.
 */
export function isUpx(content: Buffer): boolean {
  const start = content.subarray(0, 1024);
  return start.includes('UPX!') || content.subarray(Math.max(0, content.length - 64)).includes('UPX!');
}

/** Shannon entropy of samples spread over a part, in bits for each byte. */
function entropyOf(content: Buffer, { offset, sizeBytes }: ElfPart): number {
  const counts = new Uint32Array(256);
  let total = 0;
  const step = Math.max(sampleBytes, Math.floor(sizeBytes / samples));
  for (let start = 0; start < sizeBytes; start += step) {
    const end = offset + Math.min(start + sampleBytes, sizeBytes);
    for (let at = offset + start; at < end; at += 1) counts[content[at]!] = counts[content[at]!]! + 1;
    total += end - offset - start;
  }
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / total) * Math.log2(count / total);
  return bits;
}
