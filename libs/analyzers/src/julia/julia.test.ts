import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { julia } from './julia.js';

// Written by hand from Pkg's documentation of the formats.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const project = 'root/.julia/packages/Example/aqsx3/Project.toml';
const manifest = 'root/.julia/environments/v1.10/Manifest.toml';
const uuid = '7876af07-990d-54b4-ab0e-23690620f79a';
const read = (path: string, content: string | Buffer) => julia.analyze({ path, content: Buffer.from(content) });

describe('julia', () => {
  it.each([
    [project, true],
    ['root/.julia/packages/Example/aqsx3/JuliaProject.toml', true],
    ['srv/app/Project.toml', false],
    ['root/.julia/packages/Example/aqsx3/test/Project.toml', false],
    [manifest, true],
    ['srv/app/Manifest-v1.11.toml', true],
    ['srv/app/pnpm-Manifest.toml', false],
    ['root/.julia/packages/Example/aqsx3/docs/Manifest.toml', false],
    ['usr/share/julia/stdlib/v1.10/Dates/Project.toml', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(julia.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads an installed package', () => {
    expect(read(project, fixture('Project.toml'))).toEqual({
      packages: [
        {
          type: 'julia',
          name: 'Example',
          version: '0.5.5',
          qualifiers: { uuid },
          source: { name: 'Example', version: '0.5.5' },
          licenses: [],
          foundIn: project,
        },
      ],
    });
  });

  it('reads locked packages without standard library and local folders', () => {
    const { packages, damage } = read(manifest, fixture('Manifest.toml'));
    expect(damage).toBeUndefined();
    expect(packages).toMatchObject([
      { name: 'Example', version: '0.5.5', qualifiers: { uuid }, isDeclared: true, foundIn: manifest },
      { name: 'OpenSSL_jll', version: '3.0.13+1', isDeclared: true },
    ]);
  });

  it('reads the first format, in which a name may be two packages', () => {
    const entry = (id: string) => `[[A]]\nuuid = "${id}"\nversion = "1.0.0"\n`;
    const { packages } = read(manifest, `${entry(uuid)}${entry(uuid.replace('7', '8'))}`);
    expect(packages?.map(({ qualifiers }) => qualifiers?.['uuid'])).toEqual([uuid, uuid.replace('7', '8')]);
  });

  it('skips entries without id, which other programs write', () => {
    expect(read(manifest, '[[files]]\nversion = "1"\n[x]\na = 1\n')).toEqual({ packages: [] });
    expect(read(project, 'name = "a"\nversion = "1"\n')).toEqual({ packages: [] });
  });

  it('reports invalid names and versions', () => {
    expect(read(project, `name = "{{a}}"\nversion = "1"\nuuid = "${uuid}"\n`).damage).toBeDefined();
    expect(read(project, `name = "a"\nuuid = "${uuid}"\n`).damage).toBeDefined();
  });

  it('throws only its own errors for damaged files', () => {
    expect(() => read(manifest, '[[deps.A\n')).toThrow(MalformedFile);
    expect(unexpectedErrors(julia, { path: project, content: fixture('Project.toml') })).toEqual([]);
    expect(unexpectedErrors(julia, { path: manifest, content: fixture('Manifest.toml') })).toEqual([]);
  });
});
