import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { elfFile, zipArchive } from '@tidewaiter/testkit';

import { packedProgram } from './packed-program.js';

// Start of `int main(){}` of gcc, packed by upx 4.2.4.
const packed = readFileSync(join(__dirname, 'fixtures/packed'));
const program = elfFile([{ name: '.text', content: Buffer.alloc(4096), address: 0x1000 }]);
const damageOf = (...parts: Buffer[]) =>
  packedProgram.analyze({ path: 'srv/app', content: Buffer.concat(parts) }).unread;

describe('packedProgram', () => {
  it('wants programs and own libraries, and no library of the distribution', () => {
    expect(packedProgram.wants('srv/app', program.subarray(0, 512))).toBe(true);
    expect(packedProgram.wants('usr/lib/libc.so.6', program.subarray(0, 512))).toBe(false);
    expect(packedProgram.wants('srv/app', Buffer.from('#!/bin/sh\n'))).toBe(false);
  });

  it('warns of a program packed by UPX', () => {
    expect(damageOf(packed)).toMatch('packed by UPX');
  });

  it('warns of data behind a program, unless it is an archive that is read', () => {
    const data = Buffer.alloc(100_000, 'data');
    expect(damageOf(program, data)).toMatch(/^\d+ bytes behind the program are not read/);
    const archive = (...names: string[]) => zipArchive(names.map((name) => ({ name, content: data, isStored: true })));
    expect(damageOf(program, archive('a.class', 'META-INF/MANIFEST.MF'))).toBeUndefined();
    expect(damageOf(program, archive('__main__.py'))).toBeUndefined();
    // As of PAR for Perl.
    expect(damageOf(program, archive('lib/strict.pm'))).toMatch('behind the program');
    expect(damageOf(program, data.subarray(0, 4096))).toBeUndefined();
  });

  it('warns of an application in a section of its own, as of PyInstaller, and in Node.js', () => {
    const bundle = { name: 'pydata', content: Buffer.alloc(100_000, 'data') };
    expect(damageOf(elfFile([bundle]))).toMatch(/^100000 bytes of the section pydata are not read/);
    expect(damageOf(elfFile([{ ...bundle, name: '.debug_info' }]))).toBeUndefined();
    expect(damageOf(elfFile([{ ...bundle, address: 0x1000 }]))).toBeUndefined();
    const fuse = (state: string) => `NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:${state}`;
    const node = (state: string) => elfFile([{ name: '.rodata', content: fuse(state), address: 0x1000 }]);
    expect(damageOf(node('1'))).toMatch('application in a program of Node.js');
    expect(damageOf(node('0'))).toBeUndefined();
  });

  it('gives no warning of ordinary programs', () => {
    expect(damageOf(program)).toBeUndefined();
    expect(damageOf(readFileSync(process.execPath))).toBeUndefined();
  });
});
