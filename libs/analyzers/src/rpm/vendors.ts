import type { OwnedFiles } from '@tidewaiter/domain';

import { type Header, tags } from './header.js';

/**
 * Prefixes of distributions' vendor names. A missing name costs findings about a package that the
 * distribution maintains, a wrong one findings about a package without a maintainer, so only
 * distributions are listed.
 */
const distributions = [
  'AlmaLinux',
  'Alibaba',
  'ALT Linux',
  'Amazon Linux',
  'Amazon.com',
  'Anolis',
  'CentOS',
  'CloudLinux',
  'EuroLinux',
  'Fedora Project',
  'Mageia',
  'MIRACLE LINUX',
  'OpenCloudOS',
  'openEuler',
  'OpenMandriva',
  'openSUSE',
  // Not `Oracle`, the vendor of MySQL and Java for other distributions.
  'Oracle America',
  'Red Hat',
  'Rocky',
  'Scientific Linux',
  'SUSE',
  'TencentOS',
  'VMware',
  'http://openeuler.org',
];

/**
 * Microsoft's PowerShell and .NET for other distributions have the same vendor as its own packages,
 * whose release names the distribution.
 */
const microsoft = 'Microsoft Corporation';
const microsoftRelease = /\.(cm|azl)\d/;

/** Whether a third party built a package, as a part of the record of its files. */
export function thirdParty(header: Header): Pick<OwnedFiles, 'isThirdParty'> {
  const vendor = header.texts(tags.vendor)[0] ?? '';
  const release = header.texts(tags.release)[0] ?? '';
  const isDistributed =
    distributions.some((name) => vendor.startsWith(name)) ||
    (vendor.startsWith(microsoft) && microsoftRelease.test(release));
  return isDistributed ? {} : { isThirdParty: true };
}
