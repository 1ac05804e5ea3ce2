import type { OsRelease } from '@tidewaiter/domain';

import { linesOf, oneLine } from '../package-database.js';

/**
 * Distribution that writes its product name and version in one line, with as many parts of a
 * version as its VERSION_ID has.
 */
interface Product {
  id: string;
  idLike: string[];
  parts: 1 | 2;
}

const products: readonly (readonly [start: string, Product])[] = [
  ['Red Hat Enterprise Linux', { id: 'rhel', idLike: ['fedora'], parts: 2 }],
  ['CentOS', { id: 'centos', idLike: ['rhel', 'fedora'], parts: 1 }],
  ['Rocky Linux', { id: 'rocky', idLike: ['rhel', 'centos', 'fedora'], parts: 2 }],
  ['AlmaLinux', { id: 'almalinux', idLike: ['rhel', 'centos', 'fedora'], parts: 2 }],
  ['Oracle Linux', { id: 'ol', idLike: ['fedora'], parts: 2 }],
  ['Fedora', { id: 'fedora', idLike: [], parts: 1 }],
  ['Amazon Linux', { id: 'amzn', idLike: ['rhel', 'fedora'], parts: 2 }],
  ['Scientific Linux', { id: 'scientific', idLike: ['rhel', 'fedora'], parts: 2 }],
  ['CBL-Mariner', { id: 'mariner', idLike: [], parts: 2 }],
  ['Microsoft Azure Linux', { id: 'azurelinux', idLike: [], parts: 2 }],
  ['VMware Photon', { id: 'photon', idLike: [], parts: 2 }],
  ['SUSE Linux Enterprise Server', { id: 'sles', idLike: ['suse'], parts: 2 }],
  ['openSUSE', { id: 'opensuse', idLike: ['suse'], parts: 2 }],
  ['openEuler', { id: 'openeuler', idLike: [], parts: 2 }],
  ['Mageia', { id: 'mageia', idLike: [], parts: 1 }],
];

/** Parses the first line of a file like `etc/redhat-release`; undefined for unknown products. */
export function readProduct(text: string): OsRelease | undefined {
  const line = firstLine(text);
  const product = products.find(([start]) => line.startsWith(start));
  if (!product) return undefined;
  const [start, { id, idLike, parts }] = product;
  const [version] = /\d{1,8}(?:\.\d{1,8})?/.exec(line.slice(start.length)) ?? [];
  const versionId = parts === 1 ? version?.split('.', 1)[0] : `${version ?? ''}${servicePack(text)}`;
  return { id, ...(versionId && { versionId }), name: line, idLike };
}

/** SUSE has the service pack in a line of its own. */
function servicePack(text: string): string {
  const [, level] = /^PATCHLEVEL = ([1-9]\d?)$/m.exec(text.slice(0, 1024)) ?? [];
  return level === undefined ? '' : `.${level}`;
}

/** `etc/alpine-release` contains only the version. */
export function readAlpine(text: string): OsRelease | undefined {
  const [version] = /^\d{1,4}\.\d{1,4}(?:\.\d{1,4})?(?:_alpha\d{8})?$/.exec(firstLine(text)) ?? [];
  return version === undefined
    ? undefined
    : { id: 'alpine', versionId: version, name: `Alpine Linux ${version}`, idLike: [] };
}

/** `etc/debian_version` contains the point release, or the codenames of a future one. */
export function readDebian(text: string): OsRelease | undefined {
  const line = firstLine(text);
  const [, version] = /^(\d{1,4})(?:\.\d{1,4})?$/.exec(line) ?? [];
  if (version === undefined && !/^[a-z]{1,32}\/sid$/.test(line)) return undefined;
  return {
    id: 'debian',
    ...(version !== undefined && { versionId: version }),
    name: `Debian GNU/Linux ${line}`,
    idLike: [],
  };
}

function firstLine(text: string): string {
  const [line = ''] = linesOf(text);
  return oneLine(line);
}
