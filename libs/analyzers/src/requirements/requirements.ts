import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { collectPackages, linesOf } from '../package-database.js';
import { pypiRecord } from '../pypi.js';

/** Length of a pinned package with its hashes. */
const maxLineLength = 65_536;

/**
 * Exact pins of pip's requirement files. @see
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
export const requirements: Analyzer = {
  name: 'requirements',
  version: 1,
  wants: (path) => path.endsWith('.txt') && path.startsWith('requirements', path.lastIndexOf('/') + 1),
  analyze: ({ path, content }) => collectPackages(readPins(decode(content), path)),
};

/** Windows PowerShell writes redirected output (`pip freeze > requirements.txt`) as UTF-16. */
function decode(content: Buffer): string {
  const isUtf16 = content[0] === 0xff && content[1] === 0xfe;
  return readText(isUtf16 ? Buffer.from(content.toString('utf16le', 2)) : content);
}

function* readPins(text: string, foundIn: string): Generator<PackageRecord | 'unreadable'> {
  for (const line of logicalLines(text)) {
    // Only exact versions prove what is installed.
    const [, name, version] = pin.exec(requirementOf(line)) ?? [];
    if (version !== undefined) yield pypiRecord({ name, version, foundIn, isDeclared: true });
  }
}

// `name`, `name[extra]`, `name (==1.0)`, already without everything before and after.
const pin =
  /^([A-Za-z0-9][A-Za-z0-9._-]{0,213})[ \t]{0,64}(?:\[[^[\]]{0,1024}\][ \t]{0,64})?\(?[ \t]{0,64}={2,3}[ \t]{0,64}([A-Za-z0-9.!+_-]{1,128})[ \t]{0,64}\)?$/;

/** Lines as pip joins them: a backslash at the end continues a line, but not a comment. */
function* logicalLines(text: string): Generator<string> {
  let joined = '';
  for (const line of linesOf(text)) {
    const part = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (part.endsWith('\\') && !part.trimStart().startsWith('#') && joined.length < maxLineLength) {
      joined += part.slice(0, -1);
      continue;
    }
    yield joined + part;
    joined = '';
  }
  if (joined !== '') yield joined;
}

/**
 * Requirement without comment, environment marker and options such as `--hash=…`; empty for lines
 * of options.
 */
function requirementOf(line: string): string {
  const end = line.search(/;|(?:^|[ \t])(?:#|--?[a-zA-Z])/);
  return (end === -1 ? line : line.slice(0, end)).trim();
}
