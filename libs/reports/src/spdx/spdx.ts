import { createHash } from 'node:crypto';

import { jsonText } from '../json-text.js';
import { joinLicenses } from '../license-expression.js';
import { presentPackages, type ReferredPackage } from '../present-packages.js';
import type { Report, ReportFormat } from '../report.js';
import { stableUuid } from '../stable-uuid.js';
import { countOf } from '../wording.js';

const documentId = 'SPDXRef-DOCUMENT';
const imageId = 'SPDXRef-Image';
const osId = 'SPDXRef-OperatingSystem';

/**
 * Writes SPDX 2.3 in JSON: the present packages of the image. @see
 * https://spdx.github.io/spdx-spec/v2.3/
 */
export const spdx: ReportFormat = {
  name: 'spdx',
  ofSeveral: 'lines',
  render: (report, { toolVersion }) => {
    const packages = [imagePackage(report), ...osPackages(report), ...presentPackages(report).map(packageOf)];
    const uuid = stableUuid('spdx', toolVersion, JSON.stringify(packages));
    return jsonText({
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: documentId,
      name: report.target.reference,
      documentNamespace: `https://spdx.org/spdxdocs/tidewaiter-${uuid}`,
      creationInfo: creationOf(report, toolVersion),
      packages,
      ...extractedLicenses(packages),
      relationships: [
        relationship(documentId, 'DESCRIBES', imageId),
        ...packages.slice(1).map(({ SPDXID }) => relationship(imageId, 'CONTAINS', SPDXID)),
      ],
    });
  },
};

function creationOf({ stats: { startedAt }, warnings }: Report, toolVersion: string): object {
  return {
    // The specification has no fractional seconds.
    created: startedAt.replace(/\.\d{1,9}Z$/, 'Z'),
    creators: [`Tool: tidewaiter-${toolVersion}`],
    ...(warnings.length > 0 && {
      comment: `Incomplete: ${countOf(warnings.length, 'warning')}, which the JSON report has.`,
    }),
  };
}

interface SpdxPackage {
  SPDXID: string;
  licenseDeclared: string;
  [field: string]: unknown;
}

/** Fields without an analysis, marked as not asserted. */
const unasserted = {
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  supplier: 'NOASSERTION',
  licenseConcluded: 'NOASSERTION',
  licenseDeclared: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
};

function imagePackage({ target: { reference, digest } }: Report): SpdxPackage {
  const checksums = digest === null ? [] : [{ algorithm: 'SHA256', checksumValue: digest.replace('sha256:', '') }];
  return {
    SPDXID: imageId,
    name: reference,
    ...(digest !== null && { versionInfo: digest, checksums }),
    ...unasserted,
    primaryPackagePurpose: 'CONTAINER',
  };
}

function osPackages({ os }: Report): SpdxPackage[] {
  if (os === null) return [];
  const version = os.versionId === undefined ? {} : { versionInfo: os.versionId };
  return [
    {
      SPDXID: osId,
      name: os.id,
      ...version,
      ...unasserted,
      summary: os.name,
      primaryPackagePurpose: 'OPERATING_SYSTEM',
    },
  ];
}

function packageOf({ reference, package: each }: ReferredPackage): SpdxPackage {
  const { name, version, purl, source, foundIn, layer, licenses, type } = each;
  const expression = joinLicenses(licenses);
  const comment = expression === undefined && licenses.length > 0 ? { licenseComments: licenses.join('; ') } : {};
  return {
    SPDXID: `SPDXRef-Package-${type}-${idOf(name)}-${createHash('sha256').update(reference).digest('hex').slice(0, 16)}`,
    name,
    versionInfo: version,
    ...unasserted,
    licenseDeclared: expression ?? 'NOASSERTION',
    ...comment,
    sourceInfo: `found in ${foundIn} of layer ${layer}, built from ${source.name} ${source.version}`,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}

/**
 * Makes an SPDX id of letters, digits, dots and hyphens.
 * @see https://spdx.github.io/spdx-spec/v2.3/package-information/#72-package-spdx-identifier-field
 */
function idOf(name: string): string {
  return name.slice(0, 80).replaceAll(/[^A-Za-z0-9.]+/g, '-');
}

/**
 * Declares the licenses that are not on the SPDX list, as the specification requires; their text is
 * unknown.
 */
function extractedLicenses(packages: readonly SpdxPackage[]): object {
  const ids = new Set(
    packages.flatMap(({ licenseDeclared }) => licenseDeclared.match(/LicenseRef-[A-Za-z0-9.-]+/g) ?? []),
  );
  if (ids.size === 0) return {};
  const extractedText = 'The metadata of the package names this license and has no text of it.';
  return { hasExtractedLicensingInfos: [...ids].toSorted().map((licenseId) => ({ licenseId, extractedText })) };
}

function relationship(spdxElementId: string, relationshipType: string, relatedSpdxElement: string): object {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}
