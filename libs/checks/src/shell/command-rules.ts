import type { CommandRule } from './command-rule.js';
import { downloadWithoutTlsCheck, plainDownload, sshHostCheckOff } from './downloads.js';
import {
  plainPackageIndex,
  packageCache,
  packageManagerWithoutTlsCheck,
  sshServerInstalled,
  sudoUsed,
  unauthenticatedPackages,
} from './packages.js';
import { keyMadeInBuild, passwordInCommand, passwordlessRoot, setUserId, worldWritable } from './privileges.js';

/** Rules for commands of a build, both in Dockerfiles and in the history of images. */
export const commandRules: readonly CommandRule[] = [
  downloadWithoutTlsCheck,
  plainPackageIndex,
  keyMadeInBuild,
  packageCache,
  packageManagerWithoutTlsCheck,
  passwordInCommand,
  passwordlessRoot,
  plainDownload,
  setUserId,
  sshHostCheckOff,
  sshServerInstalled,
  sudoUsed,
  unauthenticatedPackages,
  worldWritable,
];
