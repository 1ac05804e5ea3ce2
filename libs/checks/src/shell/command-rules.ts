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

/** What the commands of a build are checked for, in Dockerfiles and in the history of images alike. */
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
