import type { Finding } from '@tidewaiter/domain';

import { type FileSign, type Inspector, textOf } from '../files/file-sign.js';
import { baseName } from '../files/shell-commands.js';
import { isAsPackaged, type IntegrityCheck } from '../image/evaluated-image.js';
import { integrityFinding } from './integrity-finding.js';

const pathFile = /(?:^|\/)(?:site|dist)-packages\/[^/]{1,255}\.pth$/;
/** Words that do not belong into module discovery: decoding, other programs, other hosts. */
const strange =
  /\b(?:base64|b64decode|fromhex|marshal|zlib|codecs|subprocess|popen|system|urllib|urlopen|requests|http|socket|curl|wget|ctypes)\b/gi;
/**
 * Files that installers do not list in RECORD: namespaces, eggs, virtual environments, editable
 * installs.
 */
const installers =
  /^(?:easy-install|_virtualenv|distutils-precedence|pywin32|setuptools)\.pth$|nspkg\.pth$|^__editable__/;
const maxWords = 10;

/**
 * Lines of `.pth` files that Python runs at every start: those that begin with `import`.
 * @see https://docs.python.org/3/library/site.html
 */
export const pythonStartupSigns: Inspector = {
  wants: (path) => path.endsWith('.pth') && pathFile.test(path),
  inspect: ({ path, content }): FileSign[] => {
    const lines = textOf(content)
      .split('\n')
      .filter((line) => /^import[ \t]/.test(line));
    if (lines.length === 0) return [];
    const words = lines.flatMap((line) => line.match(strange) ?? []).map((word) => word.toLowerCase());
    const uses = [...new Set(words)].slice(0, maxWords);
    return [{ path, sign: 'python-startup-code', confidence: 'certain', evidence: { lines: lines.length, uses } }];
  },
};

/**
 * Reports code that Python runs at every start and that no package lists, or that does what no
 * legitimate package does.
 */
export const pythonStartup: IntegrityCheck = function* (image) {
  for (const { path, layer, sign, evidence } of image.signs) {
    if (sign !== 'python-startup-code' || !image.tree.isShown(path, layer)) continue;
    if (isAsPackaged(image, path, layer)) continue;
    const isListed = image.ownership.claims.has(path);
    const uses = evidence['uses'] as string[];
    if (uses.length > 0) yield strangeCode(path, layer, isListed, evidence);
    else if (!isListed && !installers.test(baseName(path))) yield unlisted(path, layer, evidence);
  }
};

function strangeCode(path: string, layer: number, isListed: boolean, evidence: Record<string, unknown>): Finding {
  return integrityFinding({
    id: 'python-startup-code',
    severity: 'high',
    title: 'Suspicious Python startup code (.pth, sitecustomize)',
    path,
    layer,
    confidence: isListed ? 'possible' : 'likely',
    evidence: { ...evidence, isListed },
  });
}

function unlisted(path: string, layer: number, evidence: Record<string, unknown>): Finding {
  return integrityFinding({
    id: 'unowned-python-startup',
    severity: 'low',
    title: 'Python startup file not owned by any package',
    path,
    layer,
    confidence: 'possible',
    evidence,
  });
}
