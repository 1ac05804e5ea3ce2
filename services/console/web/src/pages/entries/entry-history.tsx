import { useQuery } from '@tanstack/react-query';
import type { EntryKind } from '@tidewaiter/domain';

import { undoEntry } from '../../api/changes.js';
import { entryVersions } from '../../api/queries.js';
import { ActionButton } from '../../parts/action-button.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { useMe } from '../../parts/use-me.js';

/** Versions of a managed entry, each of which can be brought back. */
export function EntryHistory({ kind, name }: { kind: EntryKind; name: string }) {
  const versions = useQuery(entryVersions(kind, name));
  const { may } = useMe();
  return (
    <Section title="Versions">
      <Loaded read={versions}>
        {({ items }) => (
          <ol className="lines">
            {items.map(({ version, at, author, comment, isDeleted, document }) => (
              <li key={version}>
                <div className="line">
                  <b>{version}</b>
                  <span>{isDeleted ? 'deleted' : version === 1 ? 'added' : 'changed'}</span>
                  <span>{author}</span>
                  <Moment at={at} />
                  <span className="quiet">{comment}</span>
                  {may('maintainer') && version !== items[0]?.version && (
                    <ActionButton
                      run={() => undoEntry(kind, name, { version: items[0]!.version, to: version })}
                      done={`Version ${version} is in effect again`}
                      changes={[['entries', kind]]}
                      label={`Bring back version ${version}`}
                    >
                      Bring back
                    </ActionButton>
                  )}
                </div>
                {!isDeleted && (
                  <details>
                    <summary>Document</summary>
                    <pre>{JSON.stringify(document, null, 2)}</pre>
                  </details>
                )}
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Section>
  );
}
