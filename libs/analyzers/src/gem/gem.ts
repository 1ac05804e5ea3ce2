import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { installedLibraries, type LibraryEntry } from '../library-package.js';
import { linesOf, oneLine } from '../package-database.js';

const specification = /(?:^|\/)specifications\/(?:default\/)?[^/]{1,255}\.gemspec$/;

// Gems from repositories: Bundler overwrites their specifications with the evaluated form, up to
// two folders deep.
const checkout = /(?:^|\/)bundler\/gems\/[^/]{1,255}-[0-9a-f]{7,40}\/((?:[^/]{1,255}\/){0,2})[^/]{1,255}\.gemspec$/;
const testFolder = /(?:^|\/)(?:tests?|specs?|features|fixtures|examples?)\//;

/**
 * Installed Ruby gems, including those that Bundler took from a repository.
 * @see https://guides.rubygems.org/specification-reference/
 */
export const gem: Analyzer = {
  name: 'gem',
  version: 2,
  wants: (path) => path.endsWith('.gemspec') && (specification.test(path) || isCheckout(path)),
  analyze: ({ path, content }) => installedLibraries('gem', path, [readSpecification(readText(content))]),
};

function isCheckout(path: string): boolean {
  const [, folders] = checkout.exec(path) ?? [];
  return folders !== undefined && !testFolder.test(folders);
}

/** `  s.name = "rake".freeze`, in the specification of a gem that RubyGems installed. */
const assignment = /^ {0,8}\w{1,32}\.(name|version|platform|licenses?) {0,4}= {0,4}(.{1,4096})/;
/**
 * `# stub: nokogiri 1.16.0 x86_64-linux lib`: the line that RubyGems itself reads for a gem that is
 * not loaded.
 */
const stub = /^# stub: ([\w.-]{1,256}) ([\w.-]{1,256}) ([\w.-]{1,256}) /;
const texts = /["']([^"'\\]{1,1024})["']|%q[<{[(]([^>}\])]{1,1024})[>}\])]/g;

function readSpecification(text: string): LibraryEntry {
  const fields = new Map<string, string[]>();
  for (const line of linesOf(text)) {
    const [, ...stubbed] = stub.exec(line) ?? [];
    if (stubbed.length > 0) for (const [index, field] of stubFields.entries()) keep(fields, field, [stubbed[index]!]);
    const [, field, value] = assignment.exec(line) ?? [];
    if (field !== undefined && value !== undefined) keep(fields, field, textsOf(value));
  }
  const [name] = fields.get('name') ?? [];
  const [version] = fields.get('version') ?? [];
  if (name === undefined || version === undefined) return 'unreadable';
  const licenses = [...(fields.get('licenses') ?? []), ...(fields.get('license') ?? [])].map(oneLine);
  return { name, version, licenses, ...platformOf(fields.get('platform')?.[0]) };
}

const stubFields = ['name', 'version', 'platform'] as const;

/** Keeps the first value: descriptions come later and may contain lines of code. */
function keep(fields: Map<string, string[]>, field: string, values: string[]): void {
  if (!fields.has(field)) fields.set(field, values);
}

function textsOf(value: string): string[] {
  return [...value.matchAll(texts)].map(([, quoted, percent]) => quoted ?? percent ?? '');
}

/**
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/gem-definition.md "Qualifiers"
 */
function platformOf(platform: string | undefined): { qualifiers?: { platform: string } } {
  return platform === undefined || platform === 'ruby' || !/^[\w.-]{1,64}$/.test(platform)
    ? {}
    : { qualifiers: { platform } };
}
