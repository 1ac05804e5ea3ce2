import type { Severity } from '@tidewaiter/domain';

import { byRisk, isOfAdvisory } from '../finding-groups.js';
import { jsonText } from '../json-text.js';
import { readLicense } from '../license-expression.js';
import { presentPackages, type ReferredPackage, splitName } from '../present-packages.js';
import type { Report, ReportFinding, ReportFormat } from '../report.js';
import { stableUuid } from '../stable-uuid.js';
import { fixText } from '../wording.js';

const imageReference = 'image';
const osReference = 'os';

/**
 * Writes CycloneDX 1.6: the present packages of the image with their vulnerabilities.
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export const cyclonedx: ReportFormat = {
  name: 'cyclonedx',
  ofSeveral: 'lines',
  render: (report, { toolVersion }) => {
    const packages = presentPackages(report);
    const content = {
      components: [...osComponents(report), ...packages.map(componentOf)],
      dependencies: [{ ref: imageReference, dependsOn: referencesOf(report, packages) }],
      compositions: [
        { aggregate: report.warnings.length === 0 ? 'complete' : 'incomplete', assemblies: [imageReference] },
      ],
      vulnerabilities: vulnerabilitiesOf(report, packages),
    };
    const component = imageComponent(report);
    return jsonText({
      $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      serialNumber: `urn:uuid:${stableUuid('cyclonedx', JSON.stringify([component, content]))}`,
      version: 1,
      metadata: {
        timestamp: report.stats.startedAt,
        tools: { components: [{ type: 'application', name: 'tidewaiter', version: toolVersion }] },
        component,
      },
      ...content,
    });
  },
};

function imageComponent({ target, layers, verdict }: Report): object {
  const { reference, digest, platform, configDigest, mediaType } = target;
  return {
    type: 'container',
    'bom-ref': imageReference,
    name: reference,
    ...(digest !== null && { version: digest, hashes: [{ alg: 'SHA-256', content: digest.replace('sha256:', '') }] }),
    properties: properties([
      ['platform', platform],
      ['mediaType', mediaType],
      ['configDigest', configDigest],
      ...layers.map(({ index, digest }): Property => ['layer', `${index} ${digest}`]),
      ['verdict', verdict.result],
    ]),
  };
}

function osComponents({ os }: Report): object[] {
  if (os === null) return [];
  const { id, versionId, name } = os;
  const version = versionId === undefined ? {} : { version: versionId };
  return [{ type: 'operating-system', 'bom-ref': osReference, name: id, ...version, description: name }];
}

function referencesOf({ os }: Report, packages: readonly ReferredPackage[]): string[] {
  return [...new Set([...(os === null ? [] : [osReference]), ...packages.map(({ reference }) => reference)])];
}

function componentOf({ reference, package: each }: ReferredPackage): object {
  const { purl, version, source, foundIn, layer, state, arch, licenses } = each;
  return {
    type: each.type === 'generic' ? 'application' : 'library',
    'bom-ref': reference,
    ...splitName(each),
    version,
    ...(licenses.length > 0 && { licenses: licensesOf(licenses) }),
    purl,
    properties: properties([
      ['type', each.type],
      ['arch', arch],
      ['source', source.name === each.name && source.version === version ? null : `${source.name} ${source.version}`],
      ['path', foundIn],
      ['layer', String(layer)],
      ['state', state],
      ['declared', each.isDeclared === true ? 'true' : null],
    ]),
  };
}

/**
 * Licenses of a component: either one expression or a list of ids and names, as the specification
 * has no list of expressions.
 */
function licensesOf(texts: readonly string[]): object[] {
  const licenses = [...new Set(texts)].map(readLicense);
  const [first] = licenses;
  if (licenses.length === 1 && first && 'expression' in first) return [first];
  return licenses.map((each) => ({ license: 'expression' in each ? { name: each.expression } : each }));
}

/**
 * Entries of vulnerabilities and malicious packages, one for each id with everything that it
 * affects.
 */
function vulnerabilitiesOf({ findings }: Report, packages: readonly ReferredPackage[]): object[] {
  const references = Map.groupBy(packages, ({ package: each }) => each.purl);
  const shown = findings.filter(
    (each) => isOfAdvisory(each) && each.state === 'present' && references.has(each.purl ?? ''),
  );
  const byId = Map.groupBy(shown.toSorted(byRisk), ({ id }) => id);
  return [...byId.values()].map((each) => vulnerabilityOf(each, references));
}

function vulnerabilityOf(
  findings: readonly ReportFinding[],
  references: ReadonlyMap<string, readonly ReferredPackage[]>,
): object {
  const [{ id, title, aliases, kev, epss }] = findings as [ReportFinding];
  const recommendations = [...new Set(findings.map(fixText).filter((text) => text !== undefined))];
  return {
    id,
    ...(aliases.length > 0 && {
      references: [...new Set(aliases)].map((alias) => ({ id: alias, source: sourceOf(alias) })),
    }),
    ratings: unique(findings.map(ratingOf)),
    description: title,
    ...(recommendations.length > 0 && { recommendation: recommendations.join('\n') }),
    affects: affectsOf(findings, references),
    properties: properties([
      ['kev', kev ? 'true' : null],
      ['epss', epss === null ? null : String(epss)],
    ]),
  };
}

function affectsOf(
  findings: readonly ReportFinding[],
  references: ReadonlyMap<string, readonly ReferredPackage[]>,
): object[] {
  const affects = findings.flatMap(({ purl, match }) =>
    (references.get(purl ?? '') ?? []).map(({ reference, package: { version } }) => ({
      ref: reference,
      versions: [{ version, status: match }],
    })),
  );
  return unique(affects);
}

const ratings: Record<Severity, string> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  negligible: 'info',
  unknown: 'unknown',
};

function ratingOf({ severity, cvss }: ReportFinding): object {
  if (cvss === null) return { severity: ratings[severity] };
  return { score: cvss.score, severity: ratings[severity], method: methodOf(cvss.vector), vector: cvss.vector };
}

function methodOf(vector: string): string {
  const methods = [
    ['CVSS:4.', 'CVSSv4'],
    ['CVSS:3.1', 'CVSSv31'],
    ['CVSS:3.0', 'CVSSv3'],
    ['AV:', 'CVSSv2'],
  ] as const;
  return methods.find(([start]) => vector.startsWith(start))?.[1] ?? 'other';
}

/** Source that issues ids with this prefix. */
function sourceOf(id: string): { name: string } {
  return { name: /^[A-Za-z]{2,20}(?=-)/.exec(id)?.[0].toUpperCase() ?? 'unknown' };
}

type Property = [name: string, value: string | null | undefined];

function properties(all: readonly Property[]): object[] {
  return all
    .filter(([, value]) => typeof value === 'string')
    .map(([name, value]) => ({ name: `tidewaiter:${name}`, value }));
}

function unique(values: readonly object[]): object[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
