import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { gem } from './gem.js';

// From Debian's ruby-rack 3.1.20 and libruby3.3.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'usr/local/lib/ruby/gems/3.3.0/specifications/x-1.0.gemspec';
const read = (text: string) => gem.analyze({ path, content: Buffer.from(text) });

describe('gem', () => {
  it.each([
    ['usr/lib/ruby/gems/3.3.0/specifications/rake-13.1.0.gemspec', true],
    ['usr/lib/ruby/gems/3.3.0/specifications/default/json-2.7.2.gemspec', true],
    ['usr/share/rubygems-integration/all/specifications/rack-3.1.20.gemspec', true],
    ['app/vendor/bundle/ruby/3.3.0/specifications/rack-3.1.20.gemspec', true],
    ['usr/lib/ruby/gems/3.3.0/gems/rake-13.1.0/rake.gemspec', false],
    ['app/app.gemspec', false],
    ['usr/local/bundle/bundler/gems/rack-3f1a2b4c5d6e/rack.gemspec', true],
    ['usr/local/bundle/ruby/3.3.0/bundler/gems/rails-0123456789ab/activerecord/activerecord.gemspec', true],
    ['usr/local/bundle/bundler/gems/rack-3f1a2b4c5d6e/spec/fixtures/x.gemspec', false],
    ['usr/local/bundle/bundler/gems/rack-3f1a2b4c5d6e/a/b/c/x.gemspec', false],
    ['usr/local/bundle/bundler/gems/rack-main/rack.gemspec', false],
    ['usr/lib/ruby/gems/3.3.0/specifications/other/rake-13.1.0.gemspec', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(gem.wants(path, new Uint8Array())).toBe(expected);
  });

  it.each([
    ['rack-3.1.20.gemspec', 'rack', '3.1.20', ['MIT']],
    ['racc-1.7.3.gemspec', 'racc', '1.7.3', ['Ruby', 'BSD-2-Clause']],
  ])('parses %s', (file, name, version, licenses) => {
    expect(gem.analyze({ path, content: fixture(file) })).toEqual({
      packages: [{ type: 'gem', name, version, source: { name, version }, licenses, foundIn: path }],
    });
  });

  it.each([
    ['# stub: nokogiri 1.16.0 x86_64-linux lib\n# stub: ext/a.rb\n', 'nokogiri', '1.16.0', 'x86_64-linux'],
    ['  s.name = %q{rake}\n  s.version = "13.0.6"\n', 'rake', '13.0.6', undefined],
    [
      "  spec.name = 'a'\n  spec.version = Gem::Version.new('1.0.rc1')\n  spec.platform = 'java'\n",
      'a',
      '1.0.rc1',
      'java',
    ],
    [
      '  s.name = "a".freeze\r\n  s.version = "1.0".freeze\r\n  s.platform = Gem::Platform::RUBY\r\n',
      'a',
      '1.0',
      undefined,
    ],
    ['  s.name = "a"\n  s.version = "1"\n  s.description = %q{\n  s.name = "b"\n}\n', 'a', '1', undefined],
  ])('parses %j (%#)', (text, name, version, platform) => {
    expect(read(text).packages).toMatchObject([{ name, version }]);
    expect(read(text).packages?.[0]?.qualifiers).toEqual(platform === undefined ? undefined : { platform });
  });

  it.each([
    '',
    'puts 1',
    '  s.name = "a"\n',
    '  s.name = NAME\n  s.version = VERSION\n',
    '  s.name = "{{a}}"\n  s.version = "1"\n',
  ])('reports %j as unreadable', (text) => {
    expect(read(text)).toMatchObject({ packages: [], damage: expect.stringMatching(/^1 /) });
  });
});
