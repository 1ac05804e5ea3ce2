import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { readUpdateinfoPlace } from '@tidewaiter/advisories';
import { InvalidInput, NotFound } from '@tidewaiter/domain';

import { documentsSource, type AdvisoryRecords } from '../record-source.js';
import { type FeedSource, type RemoteFeed, type SyncTools, withoutSlash } from './feed-source.js';

const maxIndexBytes = 1024 * 1024;
/** Limit on the advisories of one repository, packed; the largest has some 10 MB. */
const maxUpdateinfoBytes = 256 * 1024 * 1024;
const maxTopics = 1_000;

const amiList = '2018.03/updates/x86_64/mirror.list';
const extrasCatalog = '2/extras-catalog.json';
/** Lists of the current mirrors of repositories, beside those of the topics of Amazon Linux 2. */
const mainLists = [
  '2/core/latest/x86_64/mirror.list',
  'al2022/core/mirrors/latest/x86_64/mirror.list',
  'al2023/core/mirrors/latest/x86_64/mirror.list',
  'al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list',
  'al2023/nvidia/mirrors/latest/x86_64/mirror.list',
];

/** Local copy of a file. */
interface LocalCopy {
  path: string;
  remove: () => Promise<void>;
}

/** Files of a mirror, by their paths from its root: at a server, or in a folder. */
interface MirrorFiles {
  /** Content of a small file; undefined where the mirror lacks it. */
  text: (path: string) => Promise<string | undefined>;
  copy: (path: string) => Promise<LocalCopy>;
}

/** Advisories of one repository, as its index names them. */
interface Updateinfo {
  path: string;
  sha256: string;
}

/** Advisories of Amazon Linux 2, with its extras, and 2023. */
export const amazon: FeedSource = {
  name: 'amazon',
  content: "a mirror of Amazon Linux's repositories",
  publicUrl: 'https://cdn.amazonlinux.com',
  isUsual: true,
  index: 'mirror.list',
  feeds: async (url) => [feedAt(url, 'Amazon Linux', async (files) => [...mainLists, ...(await topicLists(files))])],
  inFolder: async (folder) => {
    const files = folderFiles(folder);
    const lists = [...mainLists, ...(await topicLists(files)), amiList];
    const repositories = await updateinfosOf(files, lists);
    return repositories.length === 0 ? [] : [await localSource(folder, files, repositories)];
  },
};

/** Advisories of the first release, Amazon Linux AMI, which ended in 2023. */
export const amazonAmi: FeedSource = {
  name: 'amazon-ami',
  content: 'a mirror of the repositories of Amazon Linux AMI (2018.03)',
  publicUrl: 'http://repo.us-west-2.amazonaws.com',
  isUsual: false,
  index: 'mirror.list',
  feeds: async (url) => [feedAt(url, 'Amazon Linux AMI', async () => [amiList])],
};

const isOfAmi = (id: string) => /^ALAS-\d/.test(id);

function feedAt(url: string, name: string, listsOf: (files: MirrorFiles) => Promise<string[]>): RemoteFeed {
  return {
    name,
    url,
    fetch: async (before, tools) => {
      const files = serverFiles(url, tools);
      const repositories = await updateinfosOf(files, await listsOf(files));
      if (repositories.length === 0) throw new NotFound('FEED_MISSING', 'the server has none of the repositories');
      const version = versionOf(repositories);
      if (before?.etag === version) return null;
      const copies: LocalCopy[] = [];
      try {
        for (const each of repositories) copies.push(await verifiedCopy(files, each));
      } catch (error) {
        await Promise.all(copies.map(async (copy) => copy.remove()));
        throw error;
      }
      return {
        etag: version,
        lastModified: null,
        source: documentsSource({
          ...{ name, path: url, ecosystem: 'Amazon Linux', isWhole: true },
          files: copies.map(({ path }) => path),
          owns: (id) => id.startsWith('ALAS') && isOfAmi(id) === (name === 'Amazon Linux AMI'),
        }),
        remove: async () => {
          await Promise.all(copies.map(async (copy) => copy.remove()));
        },
      };
    },
  };
}

/** A folder may hold a part of the repositories only, so nothing is taken for withdrawn. */
async function localSource(
  folder: string,
  files: MirrorFiles,
  repositories: readonly Updateinfo[],
): Promise<AdvisoryRecords> {
  const copies = await Promise.all(repositories.map(async (each) => verifiedCopy(files, each)));
  return documentsSource({
    ...{ name: 'Amazon Linux', path: folder, ecosystem: 'Amazon Linux', isWhole: false, owns: () => true },
    files: copies.map(({ path }) => path),
  });
}

/** Identifies the content of all repositories together. */
function versionOf(repositories: readonly Updateinfo[]): string {
  const digests = repositories.map(({ sha256 }) => sha256).toSorted();
  return createHash('sha256').update(digests.join('\n')).digest('hex');
}

async function topicLists({ text }: MirrorFiles): Promise<string[]> {
  const catalog = await text(extrasCatalog);
  if (catalog === undefined) return [];
  const topics = topicsOf(catalog);
  if (topics.length > maxTopics) throw new InvalidInput('FEED_INDEX', `more than ${maxTopics} topics`);
  return topics.map((topic) => `2/extras/${topic}/latest/x86_64/mirror.list`);
}

function topicsOf(catalog: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(catalog);
  } catch (cause) {
    throw new InvalidInput('FEED_INDEX', `${extrasCatalog} is not JSON`, { cause });
  }
  const { topics } = (parsed ?? {}) as { topics?: unknown };
  if (!Array.isArray(topics)) throw new InvalidInput('FEED_INDEX', `${extrasCatalog} lists no topics`);
  const names = topics.map((topic: unknown) => (topic as { n?: unknown } | null)?.n);
  return names.filter((name): name is string => typeof name === 'string' && /^[\w][\w.+-]{0,99}$/.test(name));
}

/** Advisories of the repositories that the mirror has. */
async function updateinfosOf(files: MirrorFiles, lists: readonly string[]): Promise<Updateinfo[]> {
  const found: Updateinfo[] = [];
  for (const list of lists) {
    const mirrors = await files.text(list);
    const folder = mirrors === undefined ? undefined : folderOf(mirrors, list);
    if (folder === undefined) continue;
    const index = await files.text(`${folder}/repodata/repomd.xml`);
    if (index === undefined) throw new NotFound('FEED_MISSING', `${folder}: no repodata/repomd.xml`);
    const place = await readUpdateinfoPlace(index);
    // A repository without advisories has none to read.
    if (place) found.push({ path: `${folder}/${place.href}`, sha256: place.sha256 });
  }
  return found;
}

/** Folder of the first mirror, on this mirror: its own host may be another. */
function folderOf(mirrors: string, list: string): string | undefined {
  const [first = ''] = mirrors
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (!URL.canParse(first)) throw new InvalidInput('FEED_INDEX', `${list} names no mirror`);
  return withoutSlash(new URL(first).pathname).slice(1);
}

async function verifiedCopy(files: MirrorFiles, { path, sha256 }: Updateinfo): Promise<LocalCopy> {
  const copy = await files.copy(path);
  const hash = createHash('sha256')
    .update(await readFile(copy.path))
    .digest('hex');
  if (hash === sha256) return copy;
  await copy.remove();
  throw new InvalidInput('FEED_DIGEST', `${path}: its sha256 is not the one of repomd.xml`);
}

function serverFiles(url: string, { download }: SyncTools): MirrorFiles {
  const urlOf = (path: string) => `${withoutSlash(url)}/${path}`;
  return {
    text: async (path) => {
      try {
        const file = await download({ name: null, url: urlOf(path), maxBytes: maxIndexBytes, known: null });
        const text = await readFile(file!.path, 'utf8');
        await file!.remove();
        return text;
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    },
    copy: async (path) =>
      (await download({ name: 'Amazon Linux', url: urlOf(path), maxBytes: maxUpdateinfoBytes, known: null }))!,
  };
}

function folderFiles(folder: string): MirrorFiles {
  return {
    text: async (path) => {
      const file = join(folder, path);
      const found = await stat(file).catch(() => undefined);
      return found?.isFile() && found.size <= maxIndexBytes ? readFile(file, 'utf8') : undefined;
    },
    copy: async (path) => {
      const file = join(folder, path);
      if (!(await stat(file).catch(() => undefined))?.isFile())
        throw new NotFound('FEED_MISSING', `${file} is missing`);
      return { path: file, remove: async () => undefined };
    },
  };
}
