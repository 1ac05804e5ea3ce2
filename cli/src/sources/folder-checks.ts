import { dirname, join } from 'node:path';

import type { Lifecycles } from '@tidewaiter/checks';
import { type Finding, isPartial } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { counted } from '../terminal.js';
import { checkText } from './text-files.js';

const dockerfile = /(?:^|\/)(?:(?:docker|container)file(?:\.[\w.-]{1,60})?|[\w.-]{1,100}\.(?:docker|container)file)$/i;
/** Documents about Dockerfiles, and templates of them. */
const otherFormat = /\.(?:md|txt|dockerignore|in|m4|j2|tmpl|tpl|template|mustache|erb|lock|json)$/i;
const yaml = /\.ya?ml$/i;
const foreign = /(?:^|\/)(?:node_modules|vendor|site-packages|dist-packages|testdata|fixtures|\.git)\//;

const isDockerfile = (path: string): boolean => dockerfile.test(path) && !otherFormat.test(path);

/** Whether a folder's own file may have checks: not one of a dependency, nor test data. */
export function mayBeChecked(path: string): boolean {
  return (isDockerfile(path) || yaml.test(path)) && !foreign.test(path);
}

/**
 * Findings of the Dockerfiles and manifests of a folder. Templates of charts are counted, as they
 * are no YAML before they are filled.
 * @param names paths below the folder
 * @param warnings receives the warnings
 */
export async function checkFiles(
  folder: string,
  names: readonly string[],
  lifecycles: Lifecycles,
  warnings: Warning[],
): Promise<Finding[]> {
  const { checkDockerfile, checkKubernetes } = await import('@tidewaiter/checks');
  const charts = new Set(names.filter((name) => /(?:^|\/)Chart\.yaml$/.test(name)).map((name) => dirname(name)));
  const templates = new Map<string, number>();
  const found: Finding[] = [];
  for (const name of names) {
    const checked = await checkText(join(folder, name), name, (text) => {
      if (isDockerfile(name)) return isCode(name, text) ? nothing : checkDockerfile(text, name, new Date(), lifecycles);
      const chart = text.includes('{{') ? chartOf(name, charts) : undefined;
      if (chart === undefined) return mayBeManifest(text) ? checkKubernetes(text, name) : nothing;
      templates.set(chart, (templates.get(chart) ?? 0) + 1);
      return nothing;
    });
    found.push(...checked.findings);
    warnings.push(...checked.warnings.filter(({ code }) => code !== 'K8S_NO_MANIFEST').map(ofFolder));
  }
  warnings.push(...[...templates].map(([chart, count]) => unrendered(chart, count)));
  return found;
}

const nothing = { findings: [], warnings: [] };

/** Programs are named `dockerfile.go`, too; Python imports `from` a module. */
function isCode(name: string, text: string): boolean {
  return /(?:^|\/)\w{1,20}file\.[^/]{1,100}$/i.test(name) && !/^[ \t]*FROM[\s\\](?!.*[ \t]import[ \t])/im.test(text);
}

/** Kubernetes accepts JSON and quoted keys, too. */
function mayBeManifest(text: string): boolean {
  return /\bapiVersion["']?\s*:/.test(text) && /\bkind["']?\s*:/.test(text);
}

/** Folder of the chart that has the template. */
function chartOf(name: string, charts: ReadonlySet<string>): string | undefined {
  const parts = name.split('/');
  const ends = parts.flatMap((part, index) => (part === 'templates' ? index : []));
  return ends.map((end) => parts.slice(0, end).join('/') || '.').findLast((folder) => charts.has(folder));
}

function unrendered(chart: string, count: number): Warning {
  const message = `${counted(count, 'template')} not checked: scan the output of helm template as k8s:FILE`;
  return { code: 'TEMPLATE_NOT_CHECKED', path: join(chart, 'Chart.yaml'), message };
}

/**
 * A Dockerfile or manifest that was not read completely may have any misconfiguration, as one that
 * is the target itself. Folders usually have templates, so a template only warns.
 */
function ofFolder(warning: Warning): Warning {
  if (warning.code === 'K8S_TEMPLATE') return { ...warning, code: 'TEMPLATE_NOT_CHECKED' };
  if (!isPartial(warning)) return warning;
  return { ...warning, code: 'FILE_NOT_CHECKED', message: `not checked: ${warning.message} [${warning.code}]` };
}
