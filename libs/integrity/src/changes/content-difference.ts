import { isDistributionType } from '@tidewaiter/domain';

import type { FileChange } from './file-changes.js';
import type { ImageDiff } from './image-diff.js';
import type { ConfigChange } from './stored-config.js';

/**
 * Differences of two images, classified by their meaning for images built from the same sources.
 */
export interface ContentDifference {
  /** Programs, libraries, scripts and startup files. */
  code: FileChange[];
  /** Files that configure programs. */
  settings: FileChange[];
  /** Changes of the config: command, user and variables. */
  start: ConfigChange[];
  /** Files of a language package whose version differs. */
  dependencies: FileChange[];
  data: FileChange[];
  /** Files of a distribution package whose version differs. */
  upgraded: FileChange[];
  /** Changes of any rebuild: caches, logs, package databases, build stamps, modes and owners. */
  noise: FileChange[];
}

type FileClass = Exclude<keyof ContentDifference, 'start'>;

/** Classifies differences; null if the files could not be compared. */
export function contentDifference({ files, config, packages }: ImageDiff): ContentDifference | null {
  if (!files || !config) return null;
  const isUpgrade = packages.some(({ type }) => isDistributionType(type));
  const classes = Map.groupBy(files, (file) => classOf(file, isUpgrade));
  const of = (name: FileClass) => classes.get(name) ?? [];
  return {
    code: of('code'),
    settings: of('settings'),
    start: config.filter(isStart),
    dependencies: of('dependencies'),
    data: of('data'),
    upgraded: of('upgraded'),
    noise: of('noise'),
  };
}

const codeKinds = new Set<FileChange['kind']>(['setuid', 'startup', 'program', 'library', 'script']);
/** Files that every build writes; executables and libraries among them still count as code. */
const rebuilt =
  /^(?:tmp|run|proc|sys|dev)\/|^var\/(?:log|cache|tmp|run|lib\/(?:apt|dpkg|rpm|dnf|yum|systemd|ucf|pam|misc|logrotate|alternatives))\/|^(?:usr\/)?lib\/(?:sysimage\/rpm|apk\/db)\/|^etc\/(?:hostname|hosts|resolv\.conf|machine-id|mtab|\.pwd\.lock|(?:passwd|group|shadow|gshadow|subuid|subgid)-)$|(?:^|\/)\.(?:cache|npm|git)\/|\/node_modules\/\.(?:package-lock\.json|cache\/)|\.dist-info\/(?:RECORD|INSTALLER|REQUESTED|direct_url\.json)$/;
const buildStamp =
  /(?:^|\/)(?:build[-_.]?(?:info|date|time|id|stamp|number)|git\.properties|version|release[-_.]info)(?:\.[a-z]{2,10})?$/i;
/** Files that package scripts generate from files of other packages. */
const generated =
  /^etc\/(?:ssl\/certs\/|ld\.so\.cache$|alternatives\/|shells$|java\/)|^usr\/(?:share|lib)\/(?:[^/]{1,64}\/){0,8}[^/]{1,128}(?:\.cache|\.compiled|\.jsa)$|^var\/lib\//;
const settings =
  /^(?:usr\/local\/)?etc\/|\.(?:conf|cfg|cnf|ini|ya?ml|toml|json|xml|properties|env|service|timer|list|repo|policy|rules)$/;

function classOf(file: FileChange, isUpgrade: boolean): FileClass {
  const { path, change, kind, upgradedWith } = file;
  if (upgradedWith) return isDistributionType(upgradedWith.type) ? 'upgraded' : 'dependencies';
  if (isUpgrade && generated.test(path)) return 'upgraded';
  if (file.isNewSetuid) return 'code';
  if (change === 'mode' || change === 'owner') return 'noise';
  if (codeKinds.has(kind)) return 'code';
  const hasContent = change === 'link' || (file.sha256Before ?? file.sha256After ?? null) !== null;
  if (!hasContent || rebuilt.test(path) || buildStamp.test(path) || isBytecodeCache(file)) return 'noise';
  if (settings.test(path) && path !== 'etc/shadow' && path !== 'etc/gshadow') return 'settings';
  return 'data';
}

function isBytecodeCache({ path, kind }: FileChange): boolean {
  return kind === 'documentation' && path.endsWith('.pyc');
}

const startFields = new Set(['user', 'entrypoint', 'cmd', 'healthcheck']);
const stampVariable = /(?:DATE|TIME|STAMP|BUILD|VERSION|REVISION|COMMIT|SHA|RUN_ID|NUMBER|^HOSTNAME$)/i;

function isStart({ field }: ConfigChange): boolean {
  return startFields.has(field) || (field.startsWith('env ') && !stampVariable.test(field.slice('env '.length)));
}
