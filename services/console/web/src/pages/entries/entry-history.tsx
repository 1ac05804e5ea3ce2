import { useQuery } from '@tanstack/react-query';
import type { EntryKind } from '@tidewaiter/domain';

import { undoEntry } from '../../api/changes.js';
import { entryVersions } from '../../api/queries.js';
import { Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { useMe } from '../../parts/use-me.js';
import { VersionLine } from '../../parts/version-line.js';

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
              <VersionLine
                key={version}
                {...{ version, author, at }}
                change={isDeleted ? 'deleted' : version === 1 ? 'added' : 'changed'}
                note={comment}
                undo={
                  may('maintainer') && version !== items[0]?.version
                    ? {
                        run: () => undoEntry(kind, name, { version: items[0]!.version, to: version }),
                        changes: [['entries', kind]],
                      }
                    : null
                }
              >
                {!isDeleted && (
                  <details>
                    <summary>Document</summary>
                    <pre>{JSON.stringify(document, null, 2)}</pre>
                  </details>
                )}
              </VersionLine>
            ))}
          </ol>
        )}
      </Loaded>
    </Section>
  );
}
