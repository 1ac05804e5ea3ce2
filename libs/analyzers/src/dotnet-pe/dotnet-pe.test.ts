import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { readAssembly } from './assembly.js';
import { dotnetPe } from './dotnet-pe.js';
import { readPe } from './pe-file.js';
import { versionTexts } from './version-resource.js';

// Both are a few lines of C# with these attributes, compiled by Mono's mcs 6.12.
const library = readFileSync(join(__dirname, 'fixtures/Acme.Widgets.dll'));
const application = readFileSync(join(__dirname, 'fixtures/Shop.exe'));
const path = 'app/Acme.Widgets.dll';
const magic = Buffer.from('MZ');

/** The library with another text of the same length in its version resource. */
function changed(from: string, to: string): Buffer {
  const content = Buffer.from(library);
  content.write(to.padEnd(from.length, '\0'), content.indexOf(Buffer.from(from, 'utf16le')), 'utf16le');
  return content;
}

const found = (content: Buffer) =>
  dotnetPe.analyze({ path, content }).packages?.map(({ name, version }) => `${name}@${version}`);

describe('dotnetPe', () => {
  it.each<[string, Buffer, boolean]>([
    ['app/Newtonsoft.Json.dll', magic, true],
    ['app/tool.exe', magic, true],
    ['app/Newtonsoft.Json.dll', Buffer.from('\u007fELF'), false],
    ['app/Newtonsoft.Json.dll', Buffer.alloc(0), false],
    ['app/Newtonsoft.Json.dll.config', magic, false],
    ['app/de/Shop.resources.dll', magic, false],
    ['usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/System.Private.CoreLib.dll', magic, true],
    ['usr/share/dotnet/shared/Microsoft.AspNetCore.App/8.0.1/Microsoft.AspNetCore.dll', magic, true],
    ['usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/System.Text.Json.dll', magic, false],
    ['usr/share/dotnet/sdk/8.0.100/Newtonsoft.Json.dll', magic, false],
    ['usr/lib/mono/4.5/System.dll', magic, false],
  ])('decides whether to read %s that starts with %s: %s', (path, head, expected) => {
    expect(dotnetPe.wants(path, head)).toBe(expected);
  });

  it('reads the identity of an assembly and its version resource', () => {
    const file = readPe(library);
    expect(readAssembly(file)).toEqual({ name: 'Acme.Widgets', version: '2.0.0.0', culture: '', isStrongNamed: false });
    expect(Object.fromEntries(versionTexts(file))).toMatchObject({
      CompanyName: 'Acme Corp',
      FileVersion: '2.3.1.4711',
      ProductName: 'Acme Widgets for .NET',
      ProductVersion: '2.3.1-rc.1+0a1b2c3',
    });
  });

  it('reports a published library as the package of its name and product version', () => {
    expect(dotnetPe.analyze({ path, content: library })).toEqual({
      packages: [
        {
          type: 'nuget',
          name: 'Acme.Widgets',
          version: '2.3.1-rc.1',
          source: { name: 'Acme.Widgets', version: '2.3.1-rc.1' },
          licenses: [],
          foundIn: path,
        },
      ],
    });
  });

  it.each([
    ['2.4.0', '2.4.0'],
    ['2.4.0.0', '2.4.0'],
    ['2.4.0 built by x', '2.4.0'],
    ['v2.4', '2.4'],
    ['4.6.26515.06', '2.3.1'],
    ['nightly', '2.3.1'],
    ['', '2.3.1'],
  ])('reads product version %j as %s', (text, version) => {
    expect(found(changed('2.3.1-rc.1+0a1b2c3', text))).toEqual([`Acme.Widgets@${version}`]);
  });

  it.each<[string, Buffer]>([
    ['an application without a company', application],
    ['a part of a runtime', changed('Acme Widgets for .NET', 'Microsoft® .NET')],
    ['a library without a company', changed('Acme Corp', '')],
    ['a version that the compiler filled in', changed('2.3.1-rc.1+0a1b2c3', '1.0.0+0a1b2c3')],
  ])('does not report %s as a package', (_, content) => {
    expect(found(content)).toEqual([]);
  });

  it('reports no program of any maker as a package', () => {
    expect(dotnetPe.analyze({ path: 'app/Acme.Widgets.exe', content: library }).packages).toEqual([]);
  });

  it.each([
    ['Microsoft.NETCore.App', 'System.Private.CoreLib.dll'],
    ['Microsoft.AspNetCore.App', 'Microsoft.AspNetCore.dll'],
  ])('reports the shared framework %s once, by its folder', (name, file) => {
    const path = `usr/share/dotnet/shared/${name}/8.0.1/${file}`;
    expect(dotnetPe.analyze({ path, content: magic }).packages).toMatchObject([{ name, version: '8.0.1' }]);
  });

  it('does not report native code as a package', () => {
    const content = Buffer.from(library);
    // Directory entry of .NET's header, the last of 15 in the optional header of PE32.
    content.fill(0, content.readUInt32LE(0x3c) + 24 + 96 + 14 * 8, content.readUInt32LE(0x3c) + 24 + 96 + 15 * 8);
    expect(found(content)).toEqual([]);
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a DOS program', Buffer.concat([magic, Buffer.alloc(200)])],
    ['a header cut short', library.subarray(0, 200)],
  ])('rejects %s', (_, content) => {
    expect(() => dotnetPe.analyze({ path, content })).toThrow(MalformedFile);
  });

  it('throws only its own errors for a damaged file', () => {
    expect(unexpectedErrors(dotnetPe, { path, content: library })).toEqual([]);
    const changes = fc.array(fc.tuple(fc.nat(library.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(changes, (bytes) => {
        const content = Buffer.from(library);
        for (const [at, value] of bytes) content[at] = value;
        expect(unexpectedErrors(dotnetPe, { path, content: content.subarray(0, 1) })).toEqual([]);
        try {
          expect(found(content)?.length).toBeLessThan(2);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFile);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
