import type { ReactNode } from 'react';

import type { PushChanges } from '../../api/types.js';
import { Section } from '../../parts/page.js';
import { counted, dotted, sizeText } from '../../parts/words.js';

type Parts = 'packages' | 'files' | 'base' | 'config' | 'steps' | 'hosts';

/** Changed packages, files, base, configuration, steps and hosts. Null: could not be compared. */
export function OtherChanges({ changes }: { changes: Pick<PushChanges, Parts> }) {
  const { packages, files, base, config, steps, hosts } = changes;
  return (
    <>
      <ChangeList title="Packages" total={packages.total} items={packages.items}>
        {({ name, type, before, after }) => (
          <>
            {name} <span className="mono">{changeText(before, after)}</span> <small className="quiet">{type}</small>
          </>
        )}
      </ChangeList>
      <ChangeList
        title="Base image"
        total={base.filter(({ isChanged }) => isChanged).length}
        items={base.filter(({ isChanged }) => isChanged)}
      >
        {({ before, after, commonLayers }) => (
          <>
            {changeText(before.name ?? before.os, after.name ?? after.os)}{' '}
            <small className="quiet">{counted(commonLayers, 'common layer')}</small>
          </>
        )}
      </ChangeList>
      <ChangeList title="Configuration" total={config?.total} items={config?.items}>
        {({ field, before, after }) => (
          <>
            {field} <span className="mono">{changeText(before, after)}</span>
          </>
        )}
      </ChangeList>
      <ChangeList title="Steps of the build" total={steps?.total} items={steps?.items}>
        {({ change, step }) => (
          <>
            {change} <code className="wrap">{step}</code>
          </>
        )}
      </ChangeList>
      <ChangeList title="Files" total={files?.total} items={files?.items}>
        {({ path, change, kind, sizeBytes, isNewSetuid, upgradedWith }) => (
          <>
            <code className="wrap">{path}</code>{' '}
            <small className="quiet">
              {dotted(
                change,
                kind,
                sizeText(sizeBytes),
                isNewSetuid && 'new setuid',
                upgradedWith && `with ${upgradedWith.name}`,
              )}
            </small>
          </>
        )}
      </ChangeList>
      <ChangeList title="Hosts" total={hosts?.total} items={hosts?.items}>
        {({ host, namedIn }) => (
          <>
            {host} <small className="quiet">named in {namedIn.join(', ')}</small>
          </>
        )}
      </ChangeList>
    </>
  );
}

interface Props<Item> {
  title: string;
  total: number | undefined;
  items: readonly Item[] | undefined;
  children: (item: Item) => ReactNode;
}

function ChangeList<Item>({ title, total, items, children }: Props<Item>) {
  if (total === 0) return null;
  return (
    <Section title={title} note={total ?? 'could not be compared'}>
      <ul className="lines">
        {items?.map((item, index) => (
          <li key={index}>{children(item)}</li>
        ))}
      </ul>
      {items && total !== undefined && total > items.length && (
        <p className="quiet">{total - items.length} more by the API</p>
      )}
    </Section>
  );
}

function changeText(before: string | null, after: string | null): string {
  if (before === null) return `added ${after ?? ''}`.trim();
  return after === null ? `removed ${before}` : `${before} → ${after}`;
}
