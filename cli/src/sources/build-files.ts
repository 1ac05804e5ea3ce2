import { join } from 'node:path';

import type { Lifecycles } from '@tidewaiter/checks';
import { type Finding, TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { readText } from './text-files.js';

const buildFile = /(?:^|\/)(?:(?:docker|container)file(?:\.[\w.-]{1,60})?|[\w.-]{1,100}\.(?:docker|container)file)$/i;
const foreign = /(?:^|\/)(?:node_modules|vendor|site-packages|dist-packages|testdata|fixtures|\.git)\//;
/** Documents about Dockerfiles, and templates of them. */
const otherFormat = /\.(?:md|txt|dockerignore|j2|tmpl|tpl|mustache|erb|lock|json)$/i;

/** Whether a path is that of a Dockerfile of the folder's own: not of a dependency, nor test data. */
export function isBuildFile(path: string): boolean {
  return buildFile.test(path) && !foreign.test(path) && !otherFormat.test(path);
}

/**
 * Findings of Dockerfiles in a folder. One that cannot be read costs itself, and leaves a warning.
 * @param names paths below the folder
 * @param warnings receives the warnings
 */
export async function checkBuildFiles(
  folder: string,
  names: readonly string[],
  lifecycles: Lifecycles,
  warnings: Warning[],
): Promise<Finding[]> {
  const { checkDockerfile } = await import('@tidewaiter/checks');
  const found: Finding[] = [];
  for (const name of names) {
    try {
      const checked = checkDockerfile(await readText(join(folder, name)), name, new Date(), lifecycles);
      found.push(...checked.findings);
      warnings.push(...checked.warnings);
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      warnings.push({ code: error.code, path: name, message: error.message });
    }
  }
  return found;
}
