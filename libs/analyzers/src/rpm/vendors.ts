import type { OwnedFiles } from '@tidewaiter/domain';

import { type Header, tags } from './header.js';

/**
 * How the vendors of distributions start. A name that is missing here costs findings that the distribution answers for, one too
 * many costs findings of a package that nobody answers for: so it is names of distributions only.
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
  // Not `Oracle`, who so sign MySQL and Java for other distributions.
  'Oracle America',
  'Red Hat',
  'Rocky',
  'Scientific Linux',
  'SUSE',
  'TencentOS',
  'VMware',
  'http://openeuler.org',
];

/** Microsoft signs PowerShell and .NET for other distributions like the packages of its own, which name that in their release. */
const microsoft = 'Microsoft Corporation';
const microsoftRelease = /\.(cm|azl)\d/;

/** Whether somebody else than a distribution built a package, as a part of the record of its files. */
export function thirdParty(header: Header): Pick<OwnedFiles, 'isThirdParty'> {
  const vendor = header.texts(tags.vendor)[0] ?? '';
  const release = header.texts(tags.release)[0] ?? '';
  const isDistributed =
    distributions.some((name) => vendor.startsWith(name)) ||
    (vendor.startsWith(microsoft) && microsoftRelease.test(release));
  return isDistributed ? {} : { isThirdParty: true };
}
