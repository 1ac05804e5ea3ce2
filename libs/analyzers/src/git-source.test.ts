import { cargoLock } from './cargo-lock/cargo-lock.js';
import { composerLock } from './composer-lock/composer-lock.js';
import { composer } from './composer/composer.js';
import { gemfileLock } from './gemfile-lock/gemfile-lock.js';
import { gitSource } from './git-source.js';
import { npmLock } from './npm-lock/npm-lock.js';
import { pdmLock } from './pdm-lock/pdm-lock.js';
import { pnpmLock } from './pnpm-lock/pnpm-lock.js';
import { poetryLock } from './poetry-lock/poetry-lock.js';
import { uvLock } from './uv-lock/uv-lock.js';
import { yarnLock } from './yarn-lock/yarn-lock.js';

const commit = '0123456789abcdef0123456789abcdef01234567';
const long = `${commit}0123456789abcdef01234567`;
const hosted = `git+https://github.com/u/r@${commit}`;

describe('gitSource', () => {
  it.each([
    [`git+ssh://git@github.com/u/r.git#${commit}`, `git+ssh://github.com/u/r.git@${commit}`],
    [`git+https://user:token@example.com:8443/g/s/r#${commit}`, `git+https://example.com:8443/g/s/r@${commit}`],
    [`git+https://github.com/u/r?branch=main#${long}`, `git+https://github.com/u/r@${long}`],
    [`git://example.com/r.git#${commit}`, `git+git://example.com/r.git@${commit}`],
    [`https://github.com/u/r.git#commit=${commit}`, `git+https://github.com/u/r.git@${commit}`],
    [`https://github.com/u/r.git#workspace=a&commit=${commit}`, `git+https://github.com/u/r.git@${commit}`],
    [`git+https://github.com/u/r.git#${commit}&path:/a`, `git+https://github.com/u/r.git@${commit}`],
    [`git@github.com:u/r.git#commit=${commit}`, `git+ssh://github.com/u/r.git@${commit}`],
    [`https://codeload.github.com/u/r/tar.gz/${commit}`, hosted],
    [`https://codeload.github.com/u/r/tar.gz/${commit}#${'a'.repeat(40)}`, hosted],
    [`https://github.com/u/r.git#${commit}`, `git+https://github.com/u/r.git@${commit}`],
    [`https://github.com/u/r/archive/${commit}.tar.gz`, hosted],
    [`https://gitlab.com/g/s/r/-/archive/${commit}/r-${commit}.tar.gz`, `git+https://gitlab.com/g/s/r@${commit}`],
    [`https://bitbucket.org/u/r/get/${commit}.tar.gz`, `git+https://bitbucket.org/u/r@${commit}`],
    [`github.com/u/r/${commit}`, hosted],
  ])('reads %s', (from, url) => {
    expect(gitSource(from)).toEqual({ qualifiers: { vcs_url: url } });
  });

  it.each([
    '',
    'https://registry.example.com/a/-/a-1.0.0.tgz',
    'git+https://github.com/u/r#main',
    'git+https://github.com/u/r#0123456',
    `git+https://github.com/u/r#${commit}0`,
    `git+file:///srv/r#${commit}`,
    'https://codeload.github.com/u/r/tar.gz/v1.0.0',
    `https://codeload.github.com.example.com/u/r/tar.gz/${commit}`,
    'registry+https://github.com/rust-lang/crates.io-index',
  ])('finds no commit in %j', (from) => {
    expect(gitSource(from)).toEqual({});
  });

  // Yarn 1 appends the SHA-1 of an archive to the address of a registry.
  it.each(['https://registry.yarnpkg.com/a/-/a-1.0.0.tgz', 'https://example.com/files/a.tar.gz'])(
    'takes the checksum of %s for no commit',
    (archive) => {
      expect(gitSource(`${archive}#${commit}`)).toEqual({});
    },
  );

  it('ends in time on long addresses', () => {
    const long = ['https://', 'a/'.repeat(50_000), 'git@'.repeat(50_000), `#${'&'.repeat(100_000)}`];
    const start = performance.now();
    for (const part of long) expect(gitSource(`git+https://x/${part}#`)).toEqual({});
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it.each([
    [
      cargoLock,
      'Cargo.lock',
      `[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "git+https://github.com/u/r?rev=0123456#${commit}"\n`,
    ],
    [
      npmLock,
      'package-lock.json',
      `{"packages":{"node_modules/a":{"version":"1.0.0","resolved":"git+https://github.com/u/r#${commit}"}}}`,
    ],
    [
      pnpmLock,
      'pnpm-lock.yaml',
      `lockfileVersion: '9.0'\n\npackages:\n\n  a@https://codeload.github.com/u/r/tar.gz/${commit}:\n    version: 1.0.0\n`,
    ],
    [
      pnpmLock,
      'pnpm-lock.yaml',
      `lockfileVersion: 5.4\n\npackages:\n\n  github.com/u/r/${commit}:\n    name: a\n    version: 1.0.0\n`,
    ],
    [
      yarnLock,
      'yarn.lock',
      `# yarn lockfile v1\n\n\na@u/r:\n  version "1.0.0"\n  resolved "https://codeload.github.com/u/r/tar.gz/${commit}"\n`,
    ],
    [
      yarnLock,
      'yarn.lock',
      `__metadata:\n  version: 8\n\n"a@u/r":\n  version: 1.0.0\n  resolution: "a@https://github.com/u/r#commit=${commit}"\n`,
    ],
    [
      poetryLock,
      'poetry.lock',
      `[[package]]\nname = "a"\nversion = "1.0.0"\n[package.source]\ntype = "git"\nurl = "https://github.com/u/r"\nreference = "main"\nresolved_reference = "${commit}"\n`,
    ],
    [
      uvLock,
      'uv.lock',
      `[[package]]\nname = "a"\nversion = "1.0.0"\nsource = { git = "https://github.com/u/r?rev=main#${commit}" }\n`,
    ],
    [
      pdmLock,
      'pdm.lock',
      `[[package]]\nname = "a"\nversion = "1.0.0"\ngit = "https://github.com/u/r"\nref = "main"\nrevision = "${commit}"\n`,
    ],
    [
      gemfileLock,
      'Gemfile.lock',
      `GIT\n  remote: https://github.com/u/r\n  revision: ${commit}\n  branch: main\n  specs:\n    a (1.0.0)\n\nDEPENDENCIES\n  a!\n`,
    ],
  ])('keeps the commit of entry %#', (analyzer, path, content) => {
    expect(analyzer.analyze({ path, content: Buffer.from(content) }).packages).toMatchObject([
      { name: 'a', version: '1.0.0', qualifiers: { vcs_url: hosted } },
    ]);
  });

  it.each([
    [composer, 'vendor/composer/installed.json'],
    [composerLock, 'composer.lock'],
  ])('keeps the commit of branches of $name, not of releases, which name one as well', (analyzer, path) => {
    const source = { type: 'git', url: 'https://github.com/u/r', reference: commit };
    const packages = ['dev-main', '2.x-dev', '1.0.0'].map((version) => ({ name: 'u/r', version, source }));
    const content = Buffer.from(JSON.stringify({ packages }));
    expect(analyzer.analyze({ path, content }).packages?.map(({ qualifiers }) => qualifiers?.['vcs_url'])).toEqual([
      hosted,
      hosted,
      undefined,
    ]);
  });

  it('keeps the commit of a section of Bundler for its gems alone', () => {
    const git = `GIT\n  remote: https://github.com/u/r\n  revision: ${commit}\n  specs:\n    a (1.0.0)\n`;
    const content = Buffer.from(
      `${git}\nGEM\n  remote: https://rubygems.org/\n  specs:\n    b (1.0.0)\n\nDEPENDENCIES\n`,
    );
    expect(gemfileLock.analyze({ path: 'Gemfile.lock', content }).packages?.map((each) => each.qualifiers)).toEqual([
      { vcs_url: hosted },
      undefined,
    ]);
  });
});
