import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { objectOf, readJson } from '../document.js';
import { collectPackages, readArch } from '../package-database.js';

// opt/homebrew/Cellar/openssl@3/3.1.2_1/INSTALL_RECEIPT.json
const receipt = /(?:^|\/)Cellar\/([^/]{1,128})\/([^/]{1,128})\/INSTALL_RECEIPT\.json$/;
const plain = /^[A-Za-z0-9][\w@.+-]{0,127}$/;

/** Formulae that Homebrew installed. @see https://docs.brew.sh/Formula-Cookbook "Terminology" */
export const homebrew: Analyzer = {
  name: 'homebrew',
  version: 1,
  wants: (path) => path.endsWith('/INSTALL_RECEIPT.json') && receipt.test(path),
  analyze: (file) => collectPackages([readReceipt(file)]),
};

/** The folders have name, version and revision; the receipt has them only since 2023. */
function readReceipt({ path, content }: SourceFile): PackageRecord | 'unreadable' {
  const [, name = '', version = ''] = receipt.exec(path) ?? [];
  const { arch } = objectOf(readJson(content));
  if (!plain.test(name) || !plain.test(version)) return 'unreadable';
  return {
    type: 'brew',
    name,
    version,
    ...(typeof arch === 'string' && readArch(arch)),
    source: { name, version },
    licenses: [],
    foundIn: path,
  };
}
