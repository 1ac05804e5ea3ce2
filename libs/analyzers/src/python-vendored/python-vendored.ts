import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { isTestData, pinnedPackages } from '../pypi.js';

// pip/_vendor/vendor.txt, setuptools/_vendor/vendored.txt, pipenv/vendor/vendor.txt,
// pipenv/patched/patched.txt
const list = /(?:^|\/)(?:_?vendor(?:ed)?|_?patched)\/(?:vendor(?:ed)?|patched)\.txt$/;

/**
 * Distributions that a Python package contains as copies, by the list from which its maintainers
 * vendored them. @see https://vendoring.readthedocs.io and
 * https://pip.pypa.io/en/stable/development/vendoring-policy/
 */
export const pythonVendored: Analyzer = {
  name: 'python-vendored',
  version: 1,
  wants: (path) => (path.endsWith('d.txt') || path.endsWith('r.txt') ? list.test(path) && !isTestData(path) : false),
  analyze: ({ path, content }) => {
    const { packages = [], ...rest } = pinnedPackages(readText(content), { foundIn: path });
    return { ...rest, packages: packages.filter(({ name }) => !isStripped(name, path)) };
  },
};

/** pip keeps only `pkg_resources` of setuptools, which no advisory about setuptools is about. */
function isStripped(name: string, path: string): boolean {
  return name === 'setuptools' && path.includes('/pip/_vendor/');
}
