import type { Platform } from '@tidewaiter/domain';
import { becomesRoot, type PushChanges } from '@tidewaiter/integrity';

import { count, enumerate, type MessageItem } from './message.js';

/** Names that an item gives before it counts the rest. */
const maxNames = 5;

/** What a push changed that people should know, whatever was found: who runs, what runs, what it stands on, whom it talks to. */
export function changeItems(changes: PushChanges): MessageItem[] {
  return [
    ...startChanges(changes),
    ...newSetuid(changes),
    ...newHosts(changes),
    ...baseChanges(changes),
    ...originChanges(changes),
    ...(changes.isComplete ? [] : [item('not everything could be compared with the previous push', null)]),
  ];
}

function* startChanges({ config }: PushChanges): Generator<MessageItem> {
  for (const change of config?.items ?? []) {
    const { field, before, after, platforms } = change;
    if (becomesRoot(change)) yield item('runs as root now', `before as ${before}`, platforms);
    if (field === 'entrypoint') yield item('entrypoint changed', `${before || 'none'} → ${after || 'none'}`, platforms);
  }
}

function* newSetuid({ files }: PushChanges): Generator<MessageItem> {
  if (!files || files.newSetuid === 0) return;
  const paths = files.items.filter(({ isNewSetuid }) => isNewSetuid).map(({ path }) => path);
  yield item(count(files.newSetuid, 'new set-uid or set-gid file'), namesOf(paths, files.newSetuid));
}

function* newHosts({ hosts }: PushChanges): Generator<MessageItem> {
  if (!hosts || hosts.total === 0) return;
  // Mail programs make a link of every host, and nobody should open one of these.
  const named = hosts.items.map(({ host }) => host.replaceAll('.', '[.]'));
  yield item(`${count(hosts.total, 'new host')} in its files or build steps`, namesOf(named, hosts.total));
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
    const [old, current] = [before, after].map(({ signers }) => enumerate(signers, maxNames) || 'nobody');
    if (old !== current) yield item('signed by others', `${old} → ${current}`, platforms);
    const isOtherBuilder = before.builder !== null && after.builder !== null && before.builder !== after.builder;
    if (isOtherBuilder) yield item('built by another builder', `${before.builder} → ${after.builder}`, platforms);
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
