import { join } from 'node:path';

import type { Lifecycles } from '@tidewaiter/checks';
import { type Finding, TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { readText } from './text-files.js';

const dockerfile = /(?:^|\/)(?:(?:docker|container)file(?:\.[\w.-]{1,60})?|[\w.-]{1,100}\.(?:docker|container)file)$/i;
/** Documents about Dockerfiles, and templates of them. */
const otherFormat = /\.(?:md|txt|dockerignore|j2|tmpl|tpl|mustache|erb|lock|json)$/i;
const yaml = /\.ya?ml$/i;
const foreign = /(?:^|\/)(?:node_modules|vendor|site-packages|dist-packages|testdata|fixtures|\.git)\//;

const isDockerfile = (path: string): boolean => dockerfile.test(path) && !otherFormat.test(path);

/** Whether a folder's own file may have checks: not one of a dependency, nor test data. */
export function mayBeChecked(path: string): boolean {
  return (isDockerfile(path) || yaml.test(path)) && !foreign.test(path);
}

/**
 * Findings of the Dockerfiles and manifests of a folder. A file that cannot be read costs itself,
 * and leaves a warning.
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
  const found: Finding[] = [];
  for (const name of names) {
    try {
      const text = await readText(join(folder, name));
      if (!isDockerfile(name) && !isManifest(text)) continue;
      const checked = isDockerfile(name)
        ? checkDockerfile(text, name, new Date(), lifecycles)
        : checkKubernetes(text, name);
      found.push(...checked.findings);
      warnings.push(...checked.warnings.filter(({ code }) => code !== 'K8S_NO_MANIFEST'));
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      warnings.push({ code: error.code, path: name, message: error.message });
    }
  }
  return found;
}

/** Templates, as charts have them, are no YAML before they are filled. */
function isManifest(text: string): boolean {
  return /^apiVersion:/m.test(text) && /^kind:/m.test(text) && !text.includes('{{');
}
