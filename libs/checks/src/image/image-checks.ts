import type { Finding } from '@tidewaiter/domain';

import { runChecks } from '../check.js';
import { latestBase, noHealthcheck, oldBase, relativeWorkdir, shellStart } from './build.js';
import { commandChecks } from './commands.js';
import { environmentChecks, secretBuildArgument } from './environment.js';
import { runtimeSocketVolume, sensitiveVolume, setuidEscape, setuidFiles, sudoInstalled } from './files.js';
import { imageFacts, type ImageCheck, type ImageToCheck } from './image-facts.js';
import { addRemote, adminPort, dataPort, sshServer } from './network.js';
import { noUser, rootUser } from './user.js';

export const imageChecks: readonly ImageCheck[] = [
  addRemote,
  adminPort,
  dataPort,
  latestBase,
  noHealthcheck,
  noUser,
  oldBase,
  relativeWorkdir,
  rootUser,
  runtimeSocketVolume,
  secretBuildArgument,
  sensitiveVolume,
  setuidEscape,
  setuidFiles,
  shellStart,
  sshServer,
  sudoInstalled,
  ...commandChecks,
  ...environmentChecks,
];

/** What is wrong with how an image is set up, from its config and its history. @see https://github.com/opencontainers/image-spec/blob/main/config.md */
export function checkImageConfig(image: ImageToCheck): Finding[] {
  return runChecks(imageChecks, [imageFacts(image)], null);
}
