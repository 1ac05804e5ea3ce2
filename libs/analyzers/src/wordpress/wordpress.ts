import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { isToken, oneLine } from '../package-database.js';

const core = 'wp-includes/version.php';
const addOns = 'wp-content/';
/** A plugin is a folder or one file; each theme has its header in its style sheet. */
const addOn =
  /(?:^|\/)wp-content\/(?:plugins\/([^/]{1,255})\/[^/]{1,255}\.php|plugins\/([^/]{1,255})\.php|themes\/([^/]{1,255})\/style\.css)$/;
/** WordPress itself reads a header only up to here. */
const headerBytes = 8 << 10;
const slug = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/;

/**
 * WordPress, its plugins and its themes, by the files from which WordPress reads the versions.
 * @see https://developer.wordpress.org/plugins/plugin-basics/header-requirements/
 */
export const wordpress: Analyzer = {
  name: 'wordpress',
  version: 1,
  wants: (path) =>
    path.endsWith(core) ? path === core || path.endsWith(`/${core}`) : path.includes(addOns) && addOn.test(path),
  analyze: ({ path, content }) => {
    const text = content.toString('utf8', 0, headerBytes);
    const found = path.endsWith(core) ? readCore(text, path) : readAddOn(text, path);
    return found ? { packages: [found] } : {};
  },
};

function readCore(text: string, path: string): PackageRecord | undefined {
  const [, version] = /^\$wp_version = ["']([!-~]{1,64})["'];/m.exec(text) ?? [];
  return recordOf('wordpress', version, '', path);
}

/** Most files of a plugin's folder have no header; they belong to the file with one. */
function readAddOn(text: string, path: string): PackageRecord | undefined {
  const [, folder, file, theme] = addOn.exec(path) ?? [];
  const name = folder ?? file ?? theme ?? '';
  const kind = theme === undefined ? 'Plugin' : 'Theme';
  if (!slug.test(name) || field(text, `${kind} Name`) === undefined) return undefined;
  return recordOf(
    `wordpress-${kind.toLowerCase()}/${name}`,
    field(text, 'Version'),
    field(text, 'License') ?? '',
    path,
  );
}

/** Field in the comment that starts a file. */
function field(text: string, name: string): string | undefined {
  for (const line of text.split(/\r\n|\r|\n/, 400)) {
    const [, key, value] = /^[ \t/*#@]{0,32}([A-Za-z ]{1,32}):(.{1,1024})$/.exec(line) ?? [];
    if (key === name && value !== undefined) return oneLine(value.replace(/\*\/.*$/, '').replace('?>', ''));
  }
  return undefined;
}

function recordOf(
  name: string,
  version: string | undefined,
  license: string,
  foundIn: string,
): PackageRecord | undefined {
  if (!isToken(version)) return undefined;
  return {
    type: 'generic',
    name,
    version,
    source: { name, version },
    licenses: license === '' ? [] : [license],
    foundIn,
  };
}
