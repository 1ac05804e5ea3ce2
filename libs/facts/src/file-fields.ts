import { type Observation, worstSeverity } from '@tidewaiter/domain';

import type { FactField } from './fact-field.js';
import { isExploited } from './image-fields.js';
import { npmPackageOf } from './npm.js';
import { own } from './own.js';
import { absolutePath } from './paths.js';
import type { ObservationSubject } from './subject.js';

const notInImage = 'the image is unknown, or the file is not in it';
const noOwner = `${notInImage}, or belongs to no package`;

/** Facts about the executable of an exec, else about the accessed file. */
export const fileFields: readonly FactField[] = [
  {
    name: 'File.InImage',
    type: 'boolean',
    meaning: 'Whether the image has something at this path; never for memory files.',
    unknownWhen:
      'the image or the path is unknown, or a pod starts with a program that its image lacks: a volume has it',
    answer: isInImage,
  },
  {
    name: 'File.ContentMatches',
    type: 'boolean',
    meaning: 'Whether the bytes are those of the image, by the hash that the sensor took.',
    unknownWhen: `the sensor took no hash, or ${notInImage}`,
    answer: ({ file, observation }) => {
      const sha256 = hashOfFile(observation);
      return file?.sha256 && sha256 ? file.sha256 === sha256.toLowerCase() : null;
    },
  },
  {
    name: 'File.PackageContentMatches',
    type: 'boolean',
    meaning: 'Whether the file of the image is unchanged since its package or publisher.',
    unknownWhen: noOwner,
    answer: ({ file, flagged }) => (flagged && otherContent.has(flagged.id) ? false : file?.package ? true : null),
  },
  {
    name: 'File.Package',
    type: 'text',
    meaning: 'Name of the package that owns the file.',
    unknownWhen: noOwner,
    answer: ({ file }) => file?.package,
  },
  {
    name: 'File.PackageVulns',
    type: 'list',
    meaning: 'Ids of the vulnerabilities of that package.',
    unknownWhen: noOwner,
    answer: ({ packageVulnerabilities }) => packageVulnerabilities?.map(({ id }) => id),
  },
  {
    name: 'File.PackageMalicious',
    type: 'boolean',
    meaning: 'Whether that package is listed as malicious: published to do harm, or taken over for it.',
    unknownWhen: noOwner,
    answer: ({ packageVulnerabilities }) => packageVulnerabilities?.some(({ isMalicious }) => isMalicious === true),
  },
  {
    name: 'File.MaxSeverity',
    type: 'text',
    meaning: 'The worst severity among them.',
    unknownWhen: `${noOwner}, or it has none`,
    answer: ({ packageVulnerabilities: known }) =>
      known && known.length > 0 ? worstSeverity(known.map(({ severity }) => severity)) : null,
  },
  {
    name: 'File.Exploited',
    type: 'boolean',
    meaning: 'Whether one of them is known to be exploited (KEV), or likely to be (EPSS of 0.5 or more).',
    unknownWhen: noOwner,
    answer: ({ packageVulnerabilities }) => packageVulnerabilities?.some(isExploited),
  },
  {
    name: 'File.Malware',
    type: 'boolean',
    meaning: 'Whether the scanner found malware in this file of the image.',
    unknownWhen: notInImage,
    answer: ({ file, flagged }) => (flagged?.kind === 'malware' ? true : file ? false : null),
  },
  {
    name: 'File.MalwareName',
    type: 'text',
    meaning: 'Name of the malware that the scanner found in this file of the image.',
    unknownWhen: 'it found none',
    answer: ({ flagged }) => (flagged?.kind === 'malware' ? flagged.id : null),
  },
  {
    name: 'File.Finding',
    type: 'text',
    meaning: 'Id of the finding of integrity or malware that the scanner has about this file of the image.',
    unknownWhen: 'it has none',
    answer: ({ flagged }) => flagged?.id,
  },
  {
    name: 'File.AddedSinceDigest',
    type: 'boolean',
    meaning: 'Whether the baseline (what the tag pointed to, or else the release before it) lacked the file.',
    unknownWhen: `there is no baseline, or ${notInImage}`,
    answer: (subject) => {
      const { previous, path, file } = subject;
      if (previous?.files && path !== null && file) return previous.files.get(path) === null;
      return isAmong(subject, previous?.addedFiles);
    },
  },
  {
    name: 'File.ChangedSinceDigest',
    type: 'boolean',
    meaning: 'Whether the baseline (what the tag pointed to, or else the release before it) had other bytes there.',
    unknownWhen: `there is no baseline, or ${notInImage}`,
    answer: (subject) => {
      const { previous, path, file } = subject;
      const before = previous?.files && path !== null ? previous.files.get(path) : null;
      if (before?.sha256 && file?.sha256) return before.sha256 !== file.sha256;
      return isAmong(subject, previous?.changedFiles);
    },
  },
  {
    name: 'File.Entrypoint',
    type: 'boolean',
    meaning: 'Whether it is the program that the image starts with.',
    unknownWhen: 'the image is unknown, or names no program by its path',
    answer: ({ image, path }) => (image?.entrypoint[0]?.startsWith('/') ? path === image.entrypoint[0] : null),
  },
  {
    name: 'File.InstalledByPackageManager',
    type: 'boolean',
    meaning: 'Whether a package manager put it there after the container started.',
    unknownWhen: 'no sensor reported that',
    answer: ({ path, context }) => (path !== null && context.policy.installedPaths.includes(path) ? true : null),
  },
  {
    name: 'File.NpmPackage',
    type: 'text',
    meaning: 'The npm package whose folder the file, or else the working directory of the process, is in.',
    unknownWhen: 'it is in none',
    answer: npmPackageOf,
  },
  {
    name: 'File.NpmScopeInternal',
    type: 'boolean',
    meaning: 'Whether that package has the scope of an internal registry.',
    unknownWhen: 'there is no such package, or no internal scope is configured',
    answer: (subject) => {
      const [name, scopes] = [npmPackageOf(subject), subject.context.policy.internalNpmScopes];
      return name && scopes.length > 0 ? scopes.some((scope) => name.startsWith(`${scope}/`)) : null;
    },
  },
  {
    name: 'File.NpmFromPublicRegistry',
    type: 'boolean',
    meaning: 'Whether that package was downloaded from the public registry.',
    unknownWhen: 'no sensor reported its download',
    answer: (subject) => {
      const name = npmPackageOf(subject);
      return name && subject.context.policy.publicNpmPackages.some((each) => each.startsWith(`${name}@`)) ? true : null;
    },
  },
  {
    name: 'File.NpmLockVerified',
    type: 'boolean',
    meaning: 'Whether that package agrees with the lock file.',
    unknownWhen: 'they were not compared',
    answer: (subject) => own(subject.context.policy.lockfileVerified, npmPackageOf(subject) ?? ''),
  },
];

/**
 * Returns the sensor's hash of the file: at an exec, and at the kernel's check of a file before it
 * runs.
 */
function hashOfFile({ activity, file, process }: Observation): string | null {
  return activity === 'exec' || file === null || file.path === process?.executable ? (process?.sha256 ?? null) : null;
}

/** Findings about files that differ from their package or publisher. */
const otherContent = new Set([
  'package-file-modified',
  'package-file-outlier',
  'package-file-replaced',
  'upstream-content-mismatch',
]);

function isInImage({ file, observation: { activity, process } }: ObservationSubject): boolean | null {
  if (activity === 'exec' && /^\/?memfd:/.test(process?.executable ?? '')) return false;
  if (file !== undefined) return file !== null;
  // The sensor itself detects executables written since the container started.
  return activity === 'exec' && process?.fromUpperLayer === true ? false : null;
}

function isAmong({ path, image }: ObservationSubject, files: readonly string[] | undefined): boolean | null {
  if (path === null || !image || !files) return null;
  return files.some((file) => absolutePath(file, '/') === path);
}
