import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';

import { numbersOf, symbolAddress, type Elf } from '../elf.js';
import type { Executable } from './executable.js';

/** Build information that the linker wrote into a program. */
export interface BuildInfo {
  /** `go1.21.5`, `devel go1.23-5e8f1a7 …`; empty for programs of Go before 1.13 without symbols. */
  goVersion: string;
  /** Modules and build settings, one a line; empty for programs that were built without modules. */
  modules: string;
}

/** Kubernetes has some 40 KiB. */
const maxTextBytes = 4 << 20;

// Start of a header of 32 bytes, aligned to 16 bytes, with flags: the texts follow inline or
// through pointers.
const magic = Buffer.from('\u00ff Go buildinf:', 'latin1');
const alignment = 16;
const headerBytes = 32;
const flagsAt = 15;
const flags = { bigEndian: 1, inline: 2 };

// Markers around the modules, by which they can be found in a memory dump.
const frameStart = Buffer.from('3077af0c9274080241e1c107e6d618e6', 'hex');
const frameEnd = Buffer.from('f932433186182072008242104116d8f2', 'hex');

/**
 * Reads the build information of a program; undefined for a program that Go did not build.
 * @throws MalformedFile when the build information is malformed
 * @throws LimitExceeded `maxTextBytes`
 * @see https://pkg.go.dev/debug/buildinfo and its source
 */
export function readBuildInfo(program: Executable): BuildInfo | undefined {
  for (const { bytes, address } of program.data) {
    const at = headerIn(bytes, address);
    if (at !== undefined) return decode(bytes.subarray(at), program);
  }
  return program.legacyElf && readLegacy(program, program.legacyElf);
}

function headerIn(bytes: Buffer, address: number): number | undefined {
  for (let at = bytes.indexOf(magic); at !== -1; at = bytes.indexOf(magic, at + magic.length)) {
    if ((address + at) % alignment === 0 && at + headerBytes <= bytes.length) return at;
  }
  return undefined;
}

function decode(blob: Buffer, program: Executable): BuildInfo {
  const isInline = (blob[flagsAt]! & flags.inline) !== 0;
  const [goVersion, modules] = isInline ? inlineTexts(blob) : pointedTexts(blob, program);
  if (goVersion.length === 0) throw new MalformedFile('Go build information without a version');
  return { goVersion: goVersion.toString('utf8'), modules: unframed(modules).toString('utf8') };
}

/** Since Go 1.18: two texts follow, each after its length. */
function inlineTexts(blob: Buffer): [Buffer, Buffer] {
  const version = textAt(blob, headerBytes);
  return [version.text, textAt(blob, version.end).text];
}

function textAt(blob: Buffer, at: number): { text: Buffer; end: number } {
  const { value: length, end: start } = readVarint(blob, at);
  const end = start + checkedLength(length);
  if (end > blob.length) throw new MalformedFile('Go build information cut off');
  return { text: blob.subarray(start, end), end };
}

function readVarint(bytes: Buffer, at: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 10 && at + index < bytes.length; index += 1) {
    const byte = bytes[at + index]!;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  throw new MalformedFile('Go build information with a broken length');
}

function checkedLength(length: number): number {
  if (length <= maxTextBytes) return length;
  throw new LimitExceeded('maxTextBytes', `Go build information of more than ${maxTextBytes} bytes`);
}

/** Before Go 1.18: pointers to two strings, which are a pointer and a length each. */
function pointedTexts(blob: Buffer, program: Executable): [Buffer, Buffer] {
  const pointerBytes = blob[flagsAt - 1];
  if (pointerBytes !== 4 && pointerBytes !== 8) throw new MalformedFile('Go build information without pointers');
  const isLittleEndian = (blob[flagsAt]! & flags.bigEndian) === 0;
  const layout = { isLittleEndian, bits: pointerBytes === 8 ? 64 : 32 } as const;
  const { word } = numbersOf(blob, isLittleEndian, layout.bits);
  return [stringAt(program, layout, word(16)), stringAt(program, layout, word(16 + pointerBytes))];
}

/** Reads a string variable of Go; empty if there is none. */
function stringAt(
  { content, offsetOf }: Executable,
  layout: Pick<Elf, 'isLittleEndian' | 'bits'>,
  address: number,
): Buffer {
  const { word } = numbersOf(content, layout.isLittleEndian, layout.bits);
  const variable = offsetOf(address);
  const start = variable === undefined ? undefined : offsetOf(word(variable));
  if (variable === undefined || start === undefined) return Buffer.alloc(0);
  const end = start + checkedLength(word(variable + layout.bits / 8));
  if (end > content.length) throw new MalformedFile('Go build information cut off');
  return content.subarray(start, end);
}

function unframed(modules: Buffer): Buffer {
  const isFramed = modules.length > 32 && modules.at(-17) === 0x0a;
  return isFramed ? modules.subarray(16, -16) : Buffer.alloc(0);
}

/**
 * Go before 1.13 wrote no header: the version is a variable that symbols name, the modules are a
 * framed constant.
 */
function readLegacy(program: Executable, elf: Elf): BuildInfo | undefined {
  const variable = symbolAddress(program.content, elf, 'runtime.buildVersion');
  const goVersion = variable === undefined ? '' : stringAt(program, elf, variable).toString('utf8');
  const modules = framedIn(program.constants);
  return goVersion === '' && modules === '' ? undefined : { goVersion, modules };
}

function framedIn(constants: Buffer): string {
  const start = constants.indexOf(frameStart);
  const end = start === -1 ? -1 : constants.subarray(0, start + maxTextBytes).indexOf(frameEnd, start);
  return end === -1 ? '' : constants.toString('utf8', start + frameStart.length, end);
}
