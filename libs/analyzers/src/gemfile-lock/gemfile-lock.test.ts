import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { gemfileLock } from './gemfile-lock.js';

const path = 'app/Gemfile.lock';
const read = (text: string) => gemfileLock.analyze({ path, content: Buffer.from(text) });

describe('gemfileLock', () => {
  it.each([
    ['Gemfile.lock', true],
    ['app/Gemfile.lock', true],
    ['app/gems.locked', true],
    ['usr/lib/ruby/gems/3.3.0/gems/a-1.0/Gemfile.lock', false],
    ['app/vendor/bundle/ruby/3.3.0/bundler/gems/a-0123456/Gemfile.lock', false],
    ['app/Gemfile', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(gemfileLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads the gems of servers', () => {
    // Written by Bundler 2.6 for an application with a gem in a folder.
    const { packages, damage } = gemfileLock.analyze({
      path,
      content: readFileSync(join(__dirname, 'fixtures/Gemfile.lock')),
    });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'rack@3.1.20',
      'rake@13.1.0',
      'rexml@3.4.4',
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'gem', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it('reads a gem for several platforms once, without dependencies and folders', () => {
    const text = `GIT
  remote: https://github.com/rails/rails.git
  revision: 0123456
  specs:
    rails (7.2.0.alpha)

GEM
  remote: https://gems.example.com/
  remote: https://gems.example.com/
  specs:
    nokogiri (1.16.0)
      racc (~> 1.4)
    nokogiri (1.16.0-x86_64-linux)
    nokogiri (1.16.0-arm64-darwin)\r
    racc (1.7.3)

PLATFORMS
    ruby (1.0)

DEPENDENCIES
  rails!
`;
    expect(read(text).packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'rails@7.2.0.alpha',
      'nokogiri@1.16.0',
      'racc@1.7.3',
    ]);
  });

  it('counts unreadable gems', () => {
    expect(read('GEM\n  specs:\n    a\n    b ()\n    {{c}} (1.0)\n    good (1.0)\n')).toMatchObject({
      packages: [{ name: 'good' }],
      damage: expect.stringMatching(/^3 /),
    });
  });

  it.each(['', '<html>', 'gem "rack"'])('rejects %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });
});
