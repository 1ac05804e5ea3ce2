import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';

// A hash in Nix's base 32, which lacks e, o, t and u, and the name of the derivation.
const storeFolder = /^nix\/store\/[0-9abcdfghijklmnpqrsvwxyz]{32}-([\w.+?=-]{1,211})\//;

/** The first dash that no letter follows starts the version, as in `builtins.parseDrvName`. */
const nameAndVersion = /^([A-Za-z0-9_.+?=-]{1,211}?)-(\d[\w.+?=-]{0,127})$/;

/** Outputs of one package, beside the unnamed main one. */
const output = /-(?:bin|data|debug|dev|devdoc|dist|doc|info|installedTests|lib|man|npm|out|py|static|terminfo)$/;

/** Sources and parts of a build, which the store keeps in folders, too. */
const isNoPackage = /(?:\.(?:drv|tar(?:\.\w{1,4})?|tgz|zip|gem|crate|patch|diff|lock|sh|check)|-source|-env|-vendor)$/;

/**
 * Packages in the store of Nix: the name of a folder is all that describes one. @see
 * https://nix.dev/manual/nix/stable/store/store-path
 */
export const nix: Analyzer = {
  name: 'nix',
  version: 1,
  wants: () => false,
  analyze: () => ({}),
  packageAt: (path) => (path.startsWith('nix/store/') ? readFolder(path) : undefined),
};

function readFolder(path: string): PackageRecord | undefined {
  const [folder, derivation] = storeFolder.exec(path) ?? [];
  if (folder === undefined || derivation === undefined || isNoPackage.test(derivation)) return undefined;
  const [, name, version] = nameAndVersion.exec(derivation.replace(output, '')) ?? [];
  if (name === undefined || version === undefined) return undefined;
  return { type: 'nix', name, version, source: { name, version }, licenses: [], foundIn: folder.slice(0, -1) };
}
