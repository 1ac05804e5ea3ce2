import type { Finding } from '@tidewaiter/domain';
import type { ImageConfig, LayerEntry, Overlay } from '@tidewaiter/oci';

import { runChecks } from '../check.js';
import { latestBase, noHealthcheck, oldBase, relativeWorkdir, shellStart } from './build.js';
import { commandChecks } from './commands.js';
import { environmentChecks, secretBuildArgument } from './environment.js';
import { runtimeSocketVolume, sensitiveVolume, setuidEscape, setuidFiles, sudoInstalled } from './files.js';
import { imageFacts, type ImageCheck, type ImageFileCheck } from './image-facts.js';
import { addRemote, adminPort, dataPort, sshServer } from './network.js';
import { noUser, rootUser } from './user.js';

/** Checks of the config and the history. */
export const imageConfigChecks: readonly ImageCheck[] = [
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
  shellStart,
  sshServer,
  ...commandChecks,
  ...environmentChecks,
];

/** Checks of the files of the final image. */
export const imageFileChecks: readonly ImageFileCheck[] = [setuidEscape, setuidFiles, sudoInstalled];

/**
 * Findings about the config and the history of an image. @see
 * https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export function checkImageConfig(config: ImageConfig): Finding[] {
  return runChecks(imageConfigChecks, [imageFacts(config)], null);
}

/** Findings about setuid programs and sudo in the final image. */
export function checkImageFiles(
  layers: readonly { entries: Iterable<LayerEntry> }[],
  view: Pick<Overlay, 'isVisible' | 'lookup'>,
): Finding[] {
  const setuidFiles = layers.flatMap(({ entries }, layer) =>
    Iterator.from(entries)
      .filter((entry) => isSetuid(entry) && view.isVisible(entry.path, layer))
      .map(({ path }) => path)
      .toArray(),
  );
  const hasSudo = view.lookup('usr/bin/sudo') !== undefined;
  return runChecks(imageFileChecks, [{ setuidFiles, hasSudo }], null);
}

const setIdBits = 0o6000;

function isSetuid({ type, mode }: LayerEntry): boolean {
  return type === 'file' && (mode & setIdBits) !== 0;
}
