import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { builtInLifecycles } from '@tidewaiter/checks';
import { verdictOf } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { checkFiles, mayBeChecked } from './folder-checks.js';

const pod = 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { hostPID: true, containers: [] }\n';
const custom = 'apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec: { a: "{{ b }}" }\n';
const chart = 'apiVersion: v2\nname: a\nversion: 1.0.0\n';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-folder-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function check(files: Record<string, string>): Promise<{ found: string[]; warned: string[]; verdict: string }> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const warnings: Warning[] = [];
  const findings = await checkFiles(folder, Object.keys(files).filter(mayBeChecked), builtInLifecycles, warnings);
  return {
    found: [...new Set(findings.map(({ path }) => path!))],
    warned: warnings.map(({ code, path }) => `${code} ${path}`),
    verdict: verdictOf([], warnings).result,
  };
}

describe('checkFiles', () => {
  it.each([
    ['a manifest that is no YAML', 'a/pod.yaml', `${pod}  x: [\n`],
    ['one in JSON', 'pod.yaml', '{"apiVersion": "v1", "kind": "Pod", "spec": {'],
    ['an object of a list that is none', 'all.yml', `${pod}---\n${pod}: :\n\t- [\n`],
    ['a Dockerfile without FROM', 'Dockerfile', 'RUN make\n'],
    ['a Dockerfile beyond a limit', 'build/Dockerfile.web', `FROM \\\n a\n${'RUN make\n'.repeat(200_000)}`],
  ])('makes the verdict unknown for %s', async (_, path, text) => {
    expect(await check({ [path]: text })).toMatchObject({ warned: [`FILE_NOT_CHECKED ${path}`], verdict: 'unknown' });
  });

  it('warns once of the templates of a chart, and checks its other files', async () => {
    const template = `{{- if .Values.a }}\n${pod}{{- end }}`;
    const files = {
      'Chart.yaml': chart,
      'templates/a.yaml': template,
      'templates/tests/b.yml': template,
      'templates/c.yaml': pod,
      'charts/sub/Chart.yaml': chart,
      'charts/sub/templates/a.yaml': template,
    };
    expect(await check(files)).toEqual({
      found: ['templates/c.yaml'],
      warned: ['TEMPLATE_NOT_CHECKED Chart.yaml', 'TEMPLATE_NOT_CHECKED charts/sub/Chart.yaml'],
      verdict: 'pass',
    });
  });

  it('checks what YAML has beside braces, and warns where they may change it', async () => {
    const annotated = pod.replace('name: a', 'name: a, annotations: { a: "{{ b }}" }');
    const files = { 'all.yaml': `${custom}---\n${pod}`, 'vault.yaml': annotated, 'templates/a.yaml': '{{ a }}: {{' };
    expect(await check(files)).toEqual({
      found: ['all.yaml', 'vault.yaml'],
      warned: ['TEMPLATE_NOT_CHECKED vault.yaml'],
      verdict: 'pass',
    });
  });

  it.each([
    ['other YAML', 'values.yaml', 'a: [\n'],
    ['a program', 'dockerfile.py', 'from docker import client\nclient.run()\n'],
    ['a template of a Dockerfile', 'Dockerfile.template', 'FROM {{ a }}\n'],
    ['files of a dependency', 'vendor/a/Dockerfile', 'RUN make\n'],
  ])('is silent about %s', async (_, path, text) => {
    expect(await check({ [path]: text })).toEqual({ found: [], warned: [], verdict: 'pass' });
  });
});
