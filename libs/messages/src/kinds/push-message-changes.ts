import type { Platform } from '@tidewaiter/domain';
import { becomesRoot, type FileChange, isUnexplainedCode, type PushChanges } from '@tidewaiter/integrity';

import { count, enumerate, type MessageItem } from '../message.js';

/** Names that an item gives before it counts the rest. */
const maxNames = 5;

/** Files that get an item of their own before the rest is counted. */
const maxFiles = 4;
/** Characters of a hash: enough to distinguish two, and to search for. */
const hashChars = 12;

/**
 * Changes of a push to report, whatever was found: pusher, command, user, base image and network
 * destinations.
 */
export function changeItems(changes: PushChanges): MessageItem[] {
  return [
    ...startChanges(changes),
    ...newSetuid(changes),
    ...changedFiles(changes),
    ...newHosts(changes),
    ...otherPusher(changes),
    ...baseChanges(changes),
    ...originChanges(changes),
    ...(changes.isComplete ? [] : [item('not everything could be compared with the previous push', null)]),
  ];
}

const startWords = { entrypoint: 'entrypoint', cmd: 'command' };

function* startChanges({ config }: PushChanges): Generator<MessageItem> {
  for (const change of config?.items ?? []) {
    const { field, before, after, platforms } = change;
    if (becomesRoot(change)) yield item('runs as root now', `previously as ${before}`, platforms);
    if (field === 'entrypoint' || field === 'cmd')
      yield item(`${startWords[field]} changed`, `${before || 'none'} → ${after || 'none'}`, platforms);
  }
}

function* newSetuid({ files }: PushChanges): Generator<MessageItem> {
  if (!files || files.newSetuid === 0) return;
  const paths = files.items.filter(({ isNewSetuid }) => isNewSetuid).map(({ path }) => path);
  yield item(count(files.newSetuid, 'new setuid or setgid file'), namesOf(paths, files.newSetuid));
}

function* changedFiles({ files }: PushChanges): Generator<MessageItem> {
  const code = files?.items.filter((file) => isUnexplainedCode(file) && !file.isNewSetuid) ?? [];
  const shown = code.slice(0, maxFiles);
  for (const file of shown) yield item(fileText(file), hashText(file), file.platforms);
  const more = (files?.code ?? code.length) - shown.length - (files?.newSetuid ?? 0);
  if (more > 0)
    yield item(
      `${count(more, 'more program, library or script', 'more programs, libraries or scripts')} changed`,
      null,
    );
}

const changeWords: Partial<Record<FileChange['change'], string>> = { added: 'new', removed: 'removed' };
const kindWords: Partial<Record<FileChange['kind'], string>> = { startup: 'startup file', setuid: 'setuid program' };

function fileText({ path, change, kind }: FileChange): string {
  return `${changeWords[change] ?? 'changed'} ${kindWords[kind] ?? kind} ${path}`;
}

/** `sha256 4fd2a1b09c3e → 91be07aa5d10`, or the one that there is; null where neither is known. */
function hashText({ sha256Before, sha256After }: FileChange): string | null {
  const hashes = [sha256Before, sha256After].flatMap((sha256) => (sha256 ? [sha256.slice(0, hashChars)] : []));
  return hashes.length === 0 ? null : `sha256 ${[...new Set(hashes)].join(' → ')}`;
}

function* otherPusher({ pushers }: PushChanges): Generator<MessageItem> {
  const { before = null, after = null } = pushers ?? {};
  if (before !== null && after !== null && before !== after)
    yield item(`pushed by ${after}, previously by ${before}`, null);
}

function* newHosts({ hosts }: PushChanges): Generator<MessageItem> {
  if (!hosts || hosts.total === 0) return;
  // Mail programs make a link of every host, and readers must not open one of these.
  const named = hosts.items.map(({ host }) => host.replaceAll('.', '[.]'));
  yield item(`${count(hosts.total, 'new host')} in its files, command or build steps`, namesOf(named, hosts.total));
}

function* baseChanges({ base }: PushChanges): Generator<MessageItem> {
  for (const { isChanged, before, after, platforms } of base) {
    if (!isChanged) continue;
    const names = [before, after].map(({ name, os }) => name ?? os ?? 'unknown');
    yield item('base image changed', names[0] === names[1] ? names[0]! : names.join(' → '), platforms);
  }
}

function* originChanges({ origin }: PushChanges): Generator<MessageItem> {
  for (const { before, after, platforms } of origin ?? []) {
    if (!before || !after) continue;
    const [old, current] = [before, after].map(({ signers }) => enumerate(signers, maxNames) || 'unsigned');
    if (old !== current) yield item('signer changed', `${old} → ${current}`, platforms);
    const isOtherBuilder = before.builder !== null && after.builder !== null && before.builder !== after.builder;
    if (isOtherBuilder) yield item('builder changed', `${before.builder} → ${after.builder}`, platforms);
    const isOtherSource = before.source != null && after.source != null && before.source !== after.source;
    if (isOtherSource) yield item('source repository changed', `${before.source} → ${after.source}`, platforms);
  }
}

/** Only some of the names are at hand, and all of them are counted. */
function namesOf(names: readonly string[], total: number): string {
  const shown = names.slice(0, maxNames);
  return enumerate(total > shown.length ? [...shown, `${total - shown.length} more`] : shown, maxNames + 1);
}

function item(text: string, detail: string | null, platforms?: readonly Platform[]): MessageItem {
  const some = platforms ? ` · ${enumerate(platforms, maxNames)} only` : '';
  return { severity: null, text, detail: detail === null ? null : `${detail}${some}`, isNew: false };
}
