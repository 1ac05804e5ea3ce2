import { MalformedFile, type Finding } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { runChecks } from '../check.js';
import { builtInLifecycles, type Lifecycles } from '../end-of-life/lifecycles.js';
import { baseWithoutDigest, copyFromUnpinned, endOfLifeBase, foreignSyntax, latestBase } from './base.js';
import { commandChecks, insecureRun, ownCommandChecks } from './commands.js';
import type { DockerfileCheck } from './dockerfile-check.js';
import { environmentChecks, secretArgument } from './environment.js';
import { addInsteadOfCopy, addRemote, copyWorldWritable, secretFileCopied } from './files.js';
import { parseDockerfile } from './parse.js';
import {
  adminPort,
  dataPort,
  maintainer,
  noHealthcheck,
  noUser,
  relativeWorkdir,
  repeatedStart,
  rootUser,
  runtimeSocketVolume,
  shellStart,
  sshServer,
  systemVolume,
} from './settings.js';
import { readStages } from './stages.js';

export const dockerfileChecks: readonly DockerfileCheck[] = [
  addInsteadOfCopy,
  addRemote,
  adminPort,
  baseWithoutDigest,
  copyFromUnpinned,
  copyWorldWritable,
  dataPort,
  endOfLifeBase,
  foreignSyntax,
  insecureRun,
  latestBase,
  maintainer,
  noHealthcheck,
  noUser,
  relativeWorkdir,
  repeatedStart,
  rootUser,
  runtimeSocketVolume,
  secretArgument,
  secretFileCopied,
  shellStart,
  sshServer,
  systemVolume,
  ...commandChecks,
  ...ownCommandChecks,
  ...environmentChecks,
];

/**
 * Returns the findings of all checks on a Dockerfile.
 * @param now time for which the end of a base's support is evaluated
 * @throws MalformedFile when it has no FROM
 * @throws LimitExceeded `maxFileLength`, `maxInstructions`, `maxStages`, `maxExpandedLength`
 */
export function checkDockerfile(
  text: string,
  path: string,
  now: Date,
  lifecycles: Lifecycles = builtInLifecycles,
): { findings: Finding[]; warnings: Warning[] } {
  const parsed = parseDockerfile(text, path);
  const file = readStages(parsed);
  if (!file) throw new MalformedFile(`${path} is no Dockerfile: it has no FROM`);
  return { findings: runChecks(dockerfileChecks, [{ ...file, now, lifecycles }], path), warnings: parsed.warnings };
}
