import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'react-aria-components/Button';

import { incident } from '../../api/queries.js';
import { SeverityMark } from '../../parts/marks.js';
import { Loaded } from '../../parts/states.js';
import { IncidentActions } from './incident-actions.js';
import { Timeline } from './timeline.js';
import { TriageState } from './triage-state.js';

/** Content of the panel beside the list: enough of the chosen incident to decide about it. */
export function IncidentPanel({ id, close }: { id: string; close: () => void }) {
  const read = useQuery(incident(id));
  return (
    <>
      <Button className="plain close" onPress={close} aria-label="Close the panel">
        ✕
      </Button>
      <Loaded read={read}>
        {(known) => (
          <>
            <h2>
              <SeverityMark severity={known.severity} /> INC-{known.number} {known.title}
            </h2>
            <p>{known.sentence}</p>
            <TriageState incident={known} />
            <IncidentActions incident={known} />
            {known.nextSteps.length > 0 && (
              <ol>
                {known.nextSteps.map((step) => (
                  <li key={step}>{step}</li>
                ))}
              </ol>
            )}
            <Timeline entries={known.timeline} />
            <Link to="/incidents/$id" params={{ id }}>
              Open the whole incident
            </Link>
          </>
        )}
      </Loaded>
    </>
  );
}
