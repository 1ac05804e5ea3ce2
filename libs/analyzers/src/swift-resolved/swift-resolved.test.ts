import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { swiftResolved } from './swift-resolved.js';

// Written by hand as Swift 5.5 (v1) and 5.9 (v3) write it.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'app/Package.resolved';
const read = (document: unknown) => swiftResolved.analyze({ path, content: Buffer.from(JSON.stringify(document)) });

describe('swiftResolved', () => {
  it.each([
    ['Package.resolved', true],
    ['app/Package.resolved', true],
    ['app/.build/checkouts/vapor/Package.resolved', false],
    ['app/Package.swift', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(swiftResolved.wants(path, new Uint8Array())).toBe(expected);
  });

  it.each([
    ['v1.resolved', ['github.com/apple/swift-nio@2.58.0', 'github.com/vapor/vapor@4.76.0']],
    ['v3.resolved', ['github.com/apple/swift-log@1.5.2']],
  ])('reads released packages of %s', (file, expected) => {
    const { packages, damage } = swiftResolved.analyze({ path, content: fixture(file) });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual(expected);
    expect(packages?.[0]).toMatchObject({ type: 'swift', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it.each([
    ['https://user:secret@gitlab.example.com/group/sub/a.git', 'gitlab.example.com/group/sub/a'],
    ['https://github.com/a/b?x=1', undefined],
    ['https://github.com/a/{{b}}', undefined],
    ['javascript', undefined],
  ])('names %j %s', (location, name) => {
    const { packages } = read({
      version: 2,
      pins: [{ kind: 'remoteSourceControl', location, state: { version: 'v1.0.0' } }],
    });
    expect(packages?.map((record) => record.name)).toEqual(name === undefined ? [] : [name]);
  });

  it.each([{}, [], { pins: {} }, { object: null }])('rejects %j', (document) => {
    expect(() => read(document)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });
});
