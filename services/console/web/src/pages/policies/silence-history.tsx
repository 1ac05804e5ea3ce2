import { useQuery } from '@tanstack/react-query';

import { undoSilence } from '../../api/changes.js';
import { silenceVersions } from '../../api/queries.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { useMe } from '../../parts/use-me.js';
import { VersionLine } from '../../parts/version-line.js';

/** Versions of a silence; each that has not ended can be brought back. */
export function SilenceHistory({ id }: { id: string }) {
  const versions = useQuery(silenceVersions(id));
  const { may } = useMe();
  return (
    <Section title="Versions">
      <Loaded read={versions}>
        {({ items }) => (
          <ol className="lines">
            {items.map(({ version, change, at, author, reason, matchers, comment, endsAt }, index) => (
              <VersionLine
                key={version}
                {...{ version, change, author, at }}
                note={reason}
                undo={
                  may('responder') && index > 0 && Date.parse(endsAt) > Date.now()
                    ? {
                        run: () => undoSilence(id, { version: items[0]!.version, to: version }),
                        changes: [['silences']],
                      }
                    : null
                }
              >
                <div>
                  <span className="mono wrap">{matchers.join(' ')}</span> <small className="quiet">{comment}</small>{' '}
                  <small>
                    ends <Moment at={endsAt} />
                  </small>
                </div>
              </VersionLine>
            ))}
          </ol>
        )}
      </Loaded>
    </Section>
  );
}
