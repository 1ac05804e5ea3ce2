import { TidewaiterError } from '@tidewaiter/domain';
import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { checkKubernetes } from './kubernetes-checks.js';
import { documentReader, manifestDocuments, manifestLimits } from './manifest-documents.js';

const privilegedSpec = '{ containers: [{ name: app, image: "a:1", securityContext: { privileged: true } }] }';
const privilegedPod = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: ${privilegedSpec}\n`;

const placesOf = (text: string, id: string) =>
  checkKubernetes(text, 'app.yaml')
    .findings.filter((finding) => finding.id === id)
    .map(({ evidence }) => `${String(evidence['resource'])} ${String(evidence['field'])}`);

describe('checkKubernetes', () => {
  it.each([
    ['v1', 'Pod', `spec: ${privilegedSpec}`, 'spec'],
    ['apps/v1', 'Deployment', `spec: { template: { spec: ${privilegedSpec} } }`, 'spec.template.spec'],
    ['apps/v1', 'StatefulSet', `spec: { template: { spec: ${privilegedSpec} } }`, 'spec.template.spec'],
    ['apps/v1', 'DaemonSet', `spec: { template: { spec: ${privilegedSpec} } }`, 'spec.template.spec'],
    ['apps/v1', 'ReplicaSet', `spec: { template: { spec: ${privilegedSpec} } }`, 'spec.template.spec'],
    ['v1', 'ReplicationController', `spec: { template: { spec: ${privilegedSpec} } }`, 'spec.template.spec'],
    ['batch/v1', 'Job', `spec: { template: { spec: ${privilegedSpec} } }`, 'spec.template.spec'],
    [
      'batch/v1beta1',
      'CronJob',
      `spec: { jobTemplate: { spec: { template: { spec: ${privilegedSpec} } } } }`,
      'spec.jobTemplate.spec.template.spec',
    ],
    ['v1', 'PodTemplate', `template: { spec: ${privilegedSpec} }`, 'template.spec'],
    ['extensions/v1beta1', 'Deployment', `spec: { template: { spec: ${privilegedSpec} } }`, 'spec.template.spec'],
  ])('checks the pods of %s %s', (apiVersion, kind, body, field) => {
    const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: web, namespace: shop }\n${body}\n`;
    expect(placesOf(text, 'k8s-privileged')).toEqual([
      `${kind} shop/web ${field}.containers[0].securityContext.privileged`,
    ]);
  });

  it.each(['containers', 'initContainers', 'ephemeralContainers'])('checks the pods of %s', (list) => {
    const text = `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { ${list}: [{ name: a }, { name: b, securityContext: { privileged: true } }] }`;
    expect(placesOf(text, 'k8s-privileged')).toEqual([`Pod web spec.${list}[1].securityContext.privileged`]);
  });

  it.each([
    [
      'many documents',
      `${privilegedPod('a')}---\n# nothing\n---\n${privilegedPod('b')}...\n---\n${privilegedPod('c')}`,
      ['a', 'b', 'c'],
    ],
    [
      'a list',
      `apiVersion: v1\nkind: List\nitems:\n  - ${privilegedPod('a').replaceAll('\n', '\n    ')}\n  - ${privilegedPod('b').replaceAll('\n', '\n    ')}`,
      ['a', 'b'],
    ],
    [
      'a list of pods',
      `apiVersion: v1\nkind: PodList\nitems: [{ apiVersion: v1, kind: Pod, metadata: { name: a }, spec: ${privilegedSpec} }]`,
      ['a'],
    ],
    [
      'JSON',
      JSON.stringify(
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'a' },
          spec: { containers: [{ name: 'app', securityContext: { privileged: true } }] },
        },
        null,
        '\t',
      ),
      ['a'],
    ],
    [
      'anchors',
      `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: x, securityContext: &c { privileged: true } }, { name: y, securityContext: *c }] }`,
      ['a', 'a'],
    ],
    [
      'merge keys',
      `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nx: &c { privileged: true }\nspec: { containers: [{ name: x, securityContext: { <<: *c } }, { name: y, securityContext: { <<: *c, privileged: false } }] }`,
      ['a'],
    ],
    ['a byte order mark and CRLF', `\uFEFF${privilegedPod('a').replaceAll('\n', '\r\n')}`, ['a']],
    [
      'a marker with content',
      `--- ${JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ securityContext: { privileged: true } }] } })}`,
      ['a'],
    ],
    ['a directive', `%YAML 1.2\n---\n${privilegedPod('a')}`, ['a']],
  ])('parses %s', (_, text, names) => {
    expect(placesOf(text, 'k8s-privileged').map((place) => place.split(' ')[1])).toEqual(names);
    expect(checkKubernetes(text, 'app.yaml').warnings).toEqual([]);
  });

  it('names the line of each finding', () => {
    const text = `# first\n---\n${privilegedPod('a').replace(privilegedSpec, '\n  containers:\n    - name: app\n      securityContext:\n        privileged: true')}`;
    const finding = checkKubernetes(text, 'app.yaml').findings.find(({ id }) => id === 'k8s-privileged');
    expect(finding?.evidence).toMatchObject({
      line: 10,
      resource: 'Pod a',
      field: 'spec.containers[0].securityContext.privileged',
    });
    expect(text.split('\n')[9]).toContain('privileged: true');
  });

  it.each([
    ['a custom resource', 'apiVersion: example.com/v1\nkind: Pod\nspec: { hostNetwork: true }', []],
    [
      'a custom resource named Service',
      'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: a }\nspec: { type: LoadBalancer }',
      [],
    ],
    [
      'a definition of custom resources',
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {}',
      [],
    ],
    ['an empty file', '', []],
    ['comments', '# nothing\n---\n# here\n', []],
    ['values of a chart', 'replicas: 2\n', ['K8S_NO_MANIFEST']],
    ['a text', 'hello', ['K8S_NO_MANIFEST']],
    ['a list', '- a\n- b', ['K8S_NO_MANIFEST']],
    ['broken YAML', 'apiVersion: v1\nkind: [', ['MALFORMED_FILE']],
    ['an alias without anchor', 'a: *b', ['MALFORMED_FILE']],
    [
      'a template',
      'apiVersion: v1\nkind: Pod\n{{- if .Values.x }}\nspec: {{ toYaml .Values.spec | nindent 2 }}\n{{- end }}',
      ['K8S_TEMPLATE'],
    ],
  ])('reports nothing for %s', (_, text, codes) => {
    const { findings, warnings } = checkKubernetes(text, 'app.yaml');
    expect(findings).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(codes);
  });

  it('checks the readable part of a template and warns about it', () => {
    const { findings, warnings } = checkKubernetes(
      privilegedPod('"{{ .Release.Name }}"').replace('a:1', '{{ .Values.image }}'),
      'app.yaml',
    );
    expect(findings).toContainEqual(expect.objectContaining({ id: 'k8s-privileged' }));
    expect(warnings).toMatchObject([{ code: 'K8S_TEMPLATE', path: 'app.yaml' }]);
  });

  it('skips only a broken document and quotes nothing of it', () => {
    const { findings, warnings } = checkKubernetes(`password: "hunter2\n---\n${privilegedPod('b')}`, 'app.yaml');
    expect(findings.some(({ id }) => id === 'k8s-privileged')).toBe(true);
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify(warnings)).not.toContain('hunter2');
  });

  it('never repeats a secret', () => {
    const secret = 'Hunter2Hunter2';
    const text = `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData: { password: ${secret} }\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { DB_PASSWORD: ${secret} }\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, env: [{ name: TOKEN, value: ${secret} }, { name: U, value: "http://me:${secret}@a" }] }] }`;
    const { findings } = checkKubernetes(text, 'app.yaml');
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['k8s-secret-in-file', 'k8s-secret-in-config-map', 'k8s-secret-in-env']),
    );
    expect(JSON.stringify(findings)).not.toContain(secret);
  });

  it('reports nothing at low or worse about a pod at the restricted level', () => {
    const text = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    spec:
      automountServiceAccountToken: false
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: app
          image: registry.example.com/app:1.2.3@sha256:${'a'.repeat(64)}
          ports: [{ containerPort: 8080 }]
          env: [{ name: DB_PASSWORD, valueFrom: { secretKeyRef: { name: db, key: password } } }]
          resources: { limits: { memory: 64Mi, cpu: 1 } }
          livenessProbe: { httpGet: { path: /, port: 8080 } }
          readinessProbe: { httpGet: { path: /, port: 8080 } }
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
          volumeMounts: [{ name: tmp, mountPath: /tmp }]
      volumes: [{ name: tmp, emptyDir: {} }]
`;
    expect(checkKubernetes(text, 'app.yaml')).toEqual({ findings: [], warnings: [], checked: 1 });
  });

  it('counts findings above the limit', () => {
    const containers = Array.from(
      { length: 700 },
      (_, index) => `{ name: c${index}, securityContext: { privileged: true } }`,
    ).join(', ');
    const { findings } = checkKubernetes(
      `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [${containers}] }`,
      'app.yaml',
    );
    const privileged = findings.filter(({ id }) => id === 'k8s-privileged');
    expect(privileged).toHaveLength(501);
    expect(privileged.at(-1)?.title).toBe('Privileged container: 200 more places');
  });

  it('keeps keys of prototypes apart', () => {
    const text = `apiVersion: v1\nkind: Pod\nmetadata: { name: a, __proto__: { polluted: 1 } }\nspec: { __proto__: { hostNetwork: true }, constructor: x, containers: [{ name: a, env: [{ name: __proto__, value: x }] }] }`;
    expect(placesOf(text, 'k8s-host-network')).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 8 }, (_, level) => {
    const name = String.fromCodePoint(98 + level);
    const before = String.fromCodePoint(97 + level);
    return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`;
  }).join('\n')}`;

  it.each([
    ['maxNodes', bomb],
    ['maxNodes', `[${'1,'.repeat(manifestLimits.maxNodes)}1]`],
    ['maxMarks', 'a: 1\n'.repeat(manifestLimits.maxMarks / 2 + 1)],
    ['maxDepth', `${'['.repeat(150)}${']'.repeat(150)}`],
    ['maxDepth', `a: ${'{b: '.repeat(50_000)}`],
    ['maxDepth', '- '.repeat(5000)],
    ['maxDocumentLength', 'x'.repeat(manifestLimits.maxDocumentLength + 1)],
  ])('enforces %s and warns', (limit, text) => {
    expect(() => documentReader()({ text, line: 1 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit }),
    );
    expect(checkKubernetes(text, 'app.yaml').warnings.map(({ code }) => code)).toEqual(['LIMIT_EXCEEDED']);
  });

  it.each([
    ['maxFileLength', 'x'.repeat(manifestLimits.maxFileLength + 1)],
    ['maxDocuments', '---\na\n'.repeat(manifestLimits.maxDocuments + 1)],
  ])('rejects a file over %s', (limit, text) => {
    expect(() => manifestDocuments(text)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit }));
  });

  it('applies its limits to all documents of a file together', () => {
    const document = `${privilegedPod('a')}${'\n'.repeat(1000)}---\n`;
    const { findings, warnings } = checkKubernetes(document.repeat(manifestLimits.maxMarks / 1000), 'app.yaml');
    expect(findings.filter(({ id }) => id === 'k8s-privileged').length).toBeGreaterThan(200);
    expect(warnings[0]).toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('marks') });
  });

  it('does not count custom resource definitions, which it skips', () => {
    const definition = `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n${'a: 1\n'.repeat(manifestLimits.maxMarks)}`;
    expect(placesOf(`${definition}---\n${privilegedPod('a')}`, 'k8s-privileged')).toHaveLength(1);
  });

  it('ends at an alias of itself', () => {
    expect(() => documentReader()({ text: 'a: &a [*a]', line: 1 })).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FILE' }),
    );
  });

  it('throws only its own errors for any truncated or changed text', () => {
    const text = `${privilegedPod('a')}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: a }\nrules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }]\n`;
    for (let length = 0; length < text.length; length += 1) expectOwnErrors(text.slice(0, length));
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '\n',
      '&a ',
      '*a',
      '<<: ',
      '!!binary ',
      '---\n',
      '? ',
      '|',
      '>',
      '"',
      "'",
      '\t',
      'apiVersion: v1',
      'kind: Pod',
      'spec',
      'containers',
      '\0',
      '\ud800',
      '~',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: anyCharacter, maxLength: 3 })), {
          maxLength: 40,
        }),
        fc.nat(text.length),
        (parts, at) => {
          expectOwnErrors(text.slice(0, at) + parts.join('') + text.slice(at));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('accepts values of a wrong type', () => {
    const odd = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string(),
      fc.constant([]),
      fc.constant({}),
      fc.constant([null]),
      fc.constant([{}]),
      fc.constant({ a: [] }),
    );
    const spec = fc.record({
      containers: fc.oneof(
        odd,
        fc.array(
          fc.dictionary(
            fc.constantFrom(
              'name',
              'image',
              'env',
              'ports',
              'securityContext',
              'resources',
              'volumeMounts',
              'livenessProbe',
            ),
            odd,
          ),
        ),
      ),
      volumes: odd,
      securityContext: odd,
      hostNetwork: odd,
    });
    fc.assert(
      fc.property(
        fc.constantFrom(
          'Pod',
          'Service',
          'Ingress',
          'ClusterRole',
          'ClusterRoleBinding',
          'Secret',
          'ConfigMap',
          'NetworkPolicy',
          'Namespace',
          'List',
        ),
        spec,
        odd,
        odd,
        (kind, spec, metadata, rules) => {
          const apiVersion = kind.startsWith('Cluster')
            ? 'rbac.authorization.k8s.io/v1'
            : kind === 'Ingress' || kind === 'NetworkPolicy'
              ? 'networking.k8s.io/v1'
              : 'v1';
          expectOwnErrors(
            JSON.stringify({ apiVersion, kind, metadata, spec, rules, subjects: rules, data: rules, items: rules }),
          );
        },
      ),
    );
  });

  function expectOwnErrors(text: string): void {
    try {
      checkKubernetes(text, 'app.yaml');
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
    }
  }
});
