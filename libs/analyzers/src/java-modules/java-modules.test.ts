import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { javaModules } from './java-modules.js';

// Written by jlink 17.
const release = readFileSync(join(__dirname, 'fixtures/release'), 'utf8');
const path = 'opt/app/release';
const read = (text: string) => javaModules.analyze({ path, content: Buffer.from(text) });

describe('javaModules', () => {
  it('reads the release of a runtime', () => {
    expect(javaModules.wants(path, Buffer.from(release))).toBe(true);
    expect(javaModules.wants('etc/os-release', Buffer.from(release))).toBe(false);
    expect(javaModules.wants('usr/bin/release', Buffer.from('\u007fELF'))).toBe(false);
  });

  it('ignores a runtime with its own modules, and other files', () => {
    expect(release).toContain('MODULES="java.base');
    expect(read(release)).toEqual({});
    expect(read('MODULES="java.base jdk.crypto.ec javafx.base org.graalvm.nativeimage"')).toEqual({});
    expect(read('release 1.0')).toEqual({});
  });

  it('names the modules of an application in it', () => {
    const text = release.replace('java.base', 'java.base com.fasterxml.jackson.databind app');
    expect(read(text).unread).toBe('modules in the Java runtime are not read: com.fasterxml.jackson.databind, app');
    const many = Array.from({ length: 12 }, (_, index) => `m${index}`).join(' ');
    expect(read(`JAVA_VERSION="21"\nMODULES="${many}"\n`).unread).toMatch(/m9 and 2 more$/);
  });
});
