import { InvalidInput, NotFound } from '@tidewaiter/domain';
import { namesRepository } from '@tidewaiter/registry';

import { withScheme } from './bare-path.js';
import type { SourceOptions } from './image-source.js';
import { layoutReferences } from './layout-store.js';
import { splitLocation } from './location.js';
import { folderFiles } from './oci-layout.js';
import { imageTags } from './registry.js';
import { schemes } from './sources.js';

/**
 * Targets of all images of an OCI layout or a repository.
 * @throws InvalidInput `TAGS_UNKNOWN` for another kind of target, and for one that names a tag;
 * NotFound `TARGET_MISSING` if there are no images: a gate of none would pass
 */
export async function tagsOf(
  named: string,
  options: Pick<SourceOptions, 'isInsecure' | 'isOffline'>,
): Promise<string[]> {
  const images = await imagesOf(named, options);
  if (images.length === 0) throw new NotFound('TARGET_MISSING', `${named} has no images`);
  return images;
}

async function imagesOf(named: string, options: Pick<SourceOptions, 'isInsecure' | 'isOffline'>): Promise<string[]> {
  const target = await withScheme(named);
  if (target.startsWith('oci:')) return tagsOfLayout(target);
  const scheme = schemes.find((each) => target.startsWith(`${each}:`));
  if (scheme !== undefined && !target.startsWith('docker://'))
    throw new InvalidInput('TAGS_UNKNOWN', `${target}: only OCI layouts and repositories have tags`);
  if (!namesRepository(target)) throw oneImage(target);
  const tags = await imageTags(target.replace(/^docker:/, ''), options);
  return tags.map((each) => `${target}:${each}`);
}

async function tagsOfLayout(target: string): Promise<string[]> {
  const { path, reference } = await splitLocation(target.slice('oci:'.length));
  if (reference !== '') throw oneImage(target);
  const { tags, untagged } = await layoutReferences(folderFiles(path));
  return [...tags.map((tag) => `oci:${path}:${tag}`), ...untagged.map((digest) => `oci:${path}@${digest}`)];
}

function oneImage(target: string): InvalidInput {
  return new InvalidInput('TAGS_UNKNOWN', `${target} names one image: leave its tag out with --all-tags`);
}
