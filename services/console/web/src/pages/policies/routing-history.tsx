import { useQuery } from '@tanstack/react-query';

import { undoRouting } from '../../api/changes.js';
import { routingVersions } from '../../api/queries.js';
import { ActionButton } from '../../parts/action-button.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { useMe } from '../../parts/use-me.js';
import { effectText } from './routing-effect.js';

/** Versions of the managed routing, each of which can be brought back. */
export function RoutingHistory() {
  const { data } = useQuery(routingVersions);
  const { may } = useMe();
  const [newest] = data?.items ?? [];
  if (!data || !newest) return null;
  return (
    <Section title="Versions">
      <ol className="lines">
        {data.items.map(({ version, at, author, comment, isDeleted, text }) => (
          <li key={version}>
            <div className="line">
              <b>{version}</b>
              <span>{isDeleted ? 'deleted' : version === 1 ? 'added' : 'changed'}</span>
              <span>{author}</span>
              <Moment at={at} />
              <span className="quiet">{comment}</span>
              {may('maintainer') && version !== newest.version && (
                <ActionButton
                  run={() => undoRouting({ version: newest.version, to: version })}
                  done={({ state }) => `Version ${version} is back, ${effectText(state)}`}
                  changes={[['routing']]}
                  label={`Bring back version ${version}`}
                >
                  Bring back
                </ActionButton>
              )}
            </div>
            {!isDeleted && (
              <details>
                <summary>Text</summary>
                <pre>{text}</pre>
              </details>
            )}
          </li>
        ))}
      </ol>
    </Section>
  );
}
