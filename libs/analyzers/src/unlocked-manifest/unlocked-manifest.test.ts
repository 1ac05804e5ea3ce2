import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unlockedManifest } from './unlocked-manifest.js';

const read = (path: string, text: string) =>
  unlockedManifest.wants(path, new Uint8Array())
    ? unlockedManifest.analyze({ path, content: Buffer.from(text) }).unpinned?.type
    : undefined;

describe('unlockedManifest', () => {
  it.each([
    ['package.json', '{ "dependencies": { "lodash": "^4.17.4" } }', 'npm'],
    ['package.json', '{ "name": "app", "devDependencies": { "jest": "^30.0.0" }, "dependencies": {} }', undefined],
    ['app/node_modules/x/package.json', '{ "dependencies": { "lodash": "^4.17.4" } }', undefined],
    ['composer.json', '{"require":{"php":">=8.1","monolog/monolog":"^2.0"}}', 'composer'],
    ['composer.json', '{"require":{"php":">=8.1"}}', undefined],
    ['Pipfile', '[[source]]\nurl = "x"\n\n[packages]\nflask = "*"\n', 'pypi'],
    ['Pipfile', '[packages]\n\n[requires]\npython_version = "3"\n', undefined],
    ['pyproject.toml', readFileSync(join(__dirname, 'fixtures/pyproject.toml'), 'utf8'), 'pypi'],
    ['pyproject.toml', '[tool.ruff]\nline-length = 100\n', undefined],
    ['setup.py', 'setup(name="a", install_requires=["six"])', 'pypi'],
    ['Gemfile', 'source "x"\ngem "rack"\n', 'gem'],
    [
      'pom.xml',
      '<project><dependencies><dependency><groupId>a</groupId></dependency></dependencies></project>',
      'maven',
    ],
    ['build.gradle', 'dependencies {\n    implementation "a:b:1.+"\n}\n', 'maven'],
    ['build.gradle.kts', 'dependencies {\n  testImplementation("a:b:1")\n}\n', undefined],
    ['Cargo.toml', '[package]\nname = "a"\n\n[dependencies]\nserde = "1"\n', 'cargo'],
    ['src/App.csproj', '<Project><ItemGroup><PackageReference Include="A" Version="1.*" />', 'nuget'],
    ['packages.config', '<packages><package id="A" version="1.0.0" /></packages>', 'nuget'],
    ['mix.exs', 'defp deps do [{:plug, "~> 1.0"}] end', 'hex'],
    ['pubspec.yaml', 'name: a\ndependencies:\n  http: ^0.13.0\n', 'pub'],
    ['Package.swift', 'dependencies: [.package(url: "x", from: "1.0.0")]', 'swift'],
    ['conanfile.txt', '[requires]\nzlib/1.2.11\n', 'conan'],
  ])('reads %s with %j as %s', (path, text, type) => {
    expect(read(path, text)).toBe(type);
  });

  it('reads hostile texts in linear time', () => {
    const hostile = [
      ' '.repeat(4 << 20),
      '"dependencies"'.repeat(1 << 18),
      '"require":{'.repeat(1 << 17),
      '\n gem '.repeat(1 << 19),
    ];
    for (const text of hostile)
      for (const path of ['package.json', 'composer.json', 'Pipfile', 'Gemfile', 'build.gradle', 'mix.exs'])
        expect(read(path, text)).toBeUndefined();
  });
});
