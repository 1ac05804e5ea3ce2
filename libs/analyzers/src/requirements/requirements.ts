import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { pinnedPackages } from '../pypi.js';

/**
 * Exact pins of pip's requirement files. @see
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
export const requirements: Analyzer = {
  name: 'requirements',
  version: 1,
  wants: (path) => path.endsWith('.txt') && path.startsWith('requirements', path.lastIndexOf('/') + 1),
  analyze: ({ path, content }) => pinnedPackages(decode(content), { foundIn: path, isDeclared: true }),
};

/** Windows PowerShell writes redirected output (`pip freeze > requirements.txt`) as UTF-16. */
function decode(content: Buffer): string {
  const isUtf16 = content[0] === 0xff && content[1] === 0xfe;
  return readText(isUtf16 ? Buffer.from(content.toString('utf16le', 2)) : content);
}
