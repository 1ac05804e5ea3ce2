import { clean, count, enumerate, maxItems, type MessageItem, type MessageSection, section } from '../message.js';
import { type AffectedImage, imageCount, imagesOf, runningCount } from './finding-families.js';
import type { AffectedPlace } from './finding-report.js';

/** Workloads that a line names. */
const maxWorkloads = 3;
/** Tags that a line of a repository names before it counts the rest. */
const maxTags = 8;
/** Characters of an image's name in a phrase. */
const maxNameChars = 64;

/**
 * `shop/app:1, running`, `shop/app:1 and shop/api:2`, `5 images, 2 running`: names where there are
 * one or two.
 */
export function wherePhrase(places: readonly AffectedPlace[]): string {
  const names = imageNames(places);
  const all = imageCount(places);
  const running = runningCount(places);
  const what = names.length <= 2 ? enumerate(names, 2) : count(all, 'image');
  if (running === 0) return what;
  return `${what}, ${all === 1 ? 'running' : `${running} running`}`;
}

/** `5 images, 2 running: shop/app:1, shop/api:2 and 3 more`. */
export function namedImages(places: readonly AffectedPlace[], maxNames: number): string {
  const names = imageNames(places);
  return names.length <= 2 ? wherePhrase(places) : `${wherePhrase(places)}: ${enumerate(names, maxNames)}`;
}

/** Names of images without their registry, running ones first. */
export function imageNames(places: readonly AffectedPlace[]): string[] {
  return [...new Set(imagesOf(places).map(shortName))];
}

/** The end of a name is kept: the tag is there. */
function shortName(image: AffectedImage): string {
  const name = clean(image.name, 1_000);
  return name.length <= maxNameChars ? name : `…${name.slice(-maxNameChars)}`;
}

/** The images, running ones first; a line for each repository where there are many. */
export function imageSection(title: string, places: readonly AffectedPlace[]): MessageSection[] {
  const images = imagesOf(places);
  return section(title, images.length <= maxItems ? images.map(imageItem) : repositoryItems(images));
}

function imageItem({ registry, name, tag, isTagged, places, running, workloads }: AffectedImage): MessageItem {
  const packages = [...new Set(places.map(packageText))];
  const moved = !isTagged && tag !== null && `its tag ${tag} has moved`;
  const detail = [enumerate(packages, 3), running && runsText(workloads), moved].filter(Boolean).join(' · ');
  return { severity: null, text: `${registry}/${name}`, detail, isNew: false };
}

function packageText({ packageName, installedVersion, match, fix }: AffectedPlace): string {
  const target = fix.version === null ? '' : ` (fixed in ${fix.version})`;
  const doubt = match === 'unknown' ? ', possibly: version not comparable' : '';
  return `${packageName} ${installedVersion}${target}${doubt}`;
}

function runsText(workloads: readonly string[]): string {
  if (workloads.length === 0) return 'running';
  const named = workloads.slice(0, maxWorkloads);
  // The report names some of them, so that a number would be too small.
  return workloads.length > maxWorkloads
    ? `running in ${named.join(', ')} and others`
    : `running in ${enumerate(named, maxWorkloads)}`;
}

function repositoryItems(images: readonly AffectedImage[]): MessageItem[] {
  const repositories = Map.groupBy(images, ({ registry, repository }) => `${registry}/${repository}`);
  return [...repositories].map(([name, members]) => {
    const running = members.filter((image) => image.running);
    const tagsOrDigests = members.map(({ name: image, repository }) => image.slice(repository.length + 1));
    const tags = enumerate(tagsOrDigests, maxTags);
    const workloads = [...new Set(running.flatMap((image) => image.workloads))].toSorted();
    const runs = running.length === 0 ? null : `${count(running.length, 'tag')} ${runsText(workloads)}`;
    const what = members.length === 1 ? 'tag' : 'tags';
    return { severity: null, text: name, detail: [`${what} ${tags}`, runs].filter(Boolean).join(' · '), isNew: false };
  });
}
