type Schema = Record<string, unknown>;

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer', minimum: 0 };
const texts: Schema = { type: 'object', additionalProperties: text };
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Record<string, Schema>, ...required: string[]): Schema => ({
  ...{ type: 'object', properties },
  ...(required.length > 0 && { required }),
});
const named = (names: string, schema: Schema) => Object.fromEntries(names.split(' ').map((name) => [name, schema]));

const reference = object(named('apiVersion kind name namespace uid resourceVersion fieldPath', text));
const result = object(
  {
    ...named('category message policy rule source', text),
    ...{ properties: texts, resources: list(reference), scored: { type: 'boolean' } },
    result: { ...text, enum: ['pass', 'fail', 'warn', 'error', 'skip'] },
    severity: { ...text, enum: ['critical', 'high', 'medium', 'low', 'info'] },
    timestamp: object(named('seconds nanos', { type: 'integer' }), 'seconds', 'nanos'),
  },
  'policy',
);
const policyReport = object({
  ...{ scope: reference, results: list(result) },
  summary: object(named('pass fail warn error skip', { type: 'integer' })),
});

const vulnerability = object(
  {
    ...named('vulnerabilityID resource installedVersion fixedVersion lastModifiedDate publishedDate title', text),
    ...named('class description packagePURL packagePath packageType primaryLink target', text),
    ...{ links: list(text), score: { type: 'number' } },
    severity: { ...text, enum: ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNKNOWN'] },
  },
  ...['vulnerabilityID', 'resource', 'installedVersion', 'fixedVersion', 'severity', 'title'],
  ...['lastModifiedDate', 'publishedDate'],
);
const counts = ['criticalCount', 'highCount', 'mediumCount', 'lowCount', 'unknownCount'];
const vulnerabilityReport = object(
  {
    report: object(
      {
        scanner: object(named('name vendor version', text), 'name', 'vendor', 'version'),
        registry: object({ server: text }),
        artifact: object({ ...named('repository digest tag mimeType', text), labels: texts }),
        os: object({ ...named('family name', text), eosl: { type: 'boolean' } }),
        summary: object(named([...counts, 'noneCount'].join(' '), whole), ...counts),
        updateTimestamp: { ...text, format: 'date-time' },
        vulnerabilities: list(vulnerability),
      },
      ...['artifact', 'os', 'scanner', 'summary', 'updateTimestamp', 'vulnerabilities'],
    ),
  },
  'report',
);

function definition(group: string, version: string, kind: string, schema: Schema) {
  const singular = kind.toLowerCase();
  return {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: `${singular}s.${group}` },
    spec: {
      ...{ group, scope: 'Namespaced', names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular } },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

/**
 * The resource definitions of reports: names, members and enumerations of the published ones
 * (wg-policy-prototypes, reports-api of OpenReports, trivy-operator), without what no report of
 * ours has. An apply with another member is refused.
 */
export const reportDefinitions = {
  policy: definition('wgpolicyk8s.io', 'v1alpha2', 'PolicyReport', policyReport),
  openreports: definition('openreports.io', 'v1alpha1', 'Report', {
    ...policyReport,
    properties: { ...(policyReport['properties'] as object), source: text },
  }),
  vulnerability: definition('aquasecurity.github.io', 'v1alpha1', 'VulnerabilityReport', vulnerabilityReport),
};
