import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { gradleLock } from './gradle-lock.js';

const path = 'srv/app/gradle.lockfile';
// As Gradle 8 writes it.
const content = readFileSync(join(__dirname, 'fixtures/gradle.lockfile'));
const read = (text: string | Buffer) => gradleLock.analyze({ path, content: Buffer.from(text) });

describe('gradleLock', () => {
  it.each([
    ['gradle.lockfile', true],
    ['srv/app/buildscript-gradle.lockfile', true],
    ['srv/settings-gradle.lockfile', false],
    ['srv/node_modules/x/gradle.lockfile', false],
  ])('decides whether to read %j: %s', (at, expected) => {
    expect(gradleLock.wants(at, new Uint8Array())).toBe(expected);
  });

  it('reads artifacts, and none that only tests use', () => {
    expect(read(content).packages).toEqual([
      {
        type: 'maven',
        name: 'com.fasterxml.jackson.core:jackson-databind',
        version: '2.9.8',
        source: { name: 'com.fasterxml.jackson.core:jackson-databind', version: '2.9.8' },
        licenses: [],
        foundIn: path,
        isDeclared: true,
      },
      expect.objectContaining({ name: 'org.apache.logging.log4j:log4j-core', version: '2.14.1' }),
    ]);
  });

  it('counts lines that are none', () => {
    expect(read('a:b:1.0=x\r\n\r\na:b=x\na:b:${v}=x\na:b:1:jar=x\n').damage).toContain('3 records');
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(gradleLock, { path, content })).toEqual([]);
  });
});
