import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { pinnedPackages, unpinnedNames } from '../pypi.js';

const named = /(?:^|\/)(?:[^/]{0,128}requirements[^/]{0,128}|requirements\/[^/]{1,128})\.txt$/;

/**
 * Exact pins of pip's requirement files, and the names of other requirements. @see
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
export const requirements: Analyzer = {
  name: 'requirements',
  version: 2,
  wants: (path) => path.endsWith('.txt') && named.test(path),
  analyze: ({ path, content }) => {
    const text = decode(content);
    const names = unpinnedNames(text);
    return {
      ...pinnedPackages(text, { foundIn: path, isDeclared: true }),
      ...(names.length > 0 && { unpinned: { type: 'pypi', names } }),
    };
  },
};

/** Windows PowerShell writes redirected output (`pip freeze > requirements.txt`) as UTF-16. */
function decode(content: Buffer): string {
  const isUtf16 = content[0] === 0xff && content[1] === 0xfe;
  return readText(isUtf16 ? Buffer.from(content.toString('utf16le', 2)) : content);
}
