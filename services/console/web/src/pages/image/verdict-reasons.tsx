import { Link } from '@tanstack/react-router';

import type { PushDetail } from '../../api/types.js';
import { queryText } from '../../url/query-text.js';
import { reasonsOf } from './reasons-of.js';
import { TabLink } from './tab-link.js';

/** Gates and rules for which a push did not pass, each with its page. */
export function VerdictReasons({ push }: { push: PushDetail }) {
  if (push.verdict === null || push.verdict === 'pass') return null;
  const { ofGates, ofFindings } = reasonsOf(push);
  return (
    <ul className="lines" aria-label="Reasons of the verdict">
      {ofGates.map(({ name, reasons }) => (
        <li key={name}>
          Gate{' '}
          <Link to="/policies/gates" search={{ q: queryText({ name }, undefined) }}>
            {name}
          </Link>
          : {reasons.join('; ')}
        </li>
      ))}
      {ofFindings.map((reason) => (
        <li key={reason}>
          {push.result === 'fail' ? (
            <>
              Threshold of all images: <TabLink tab="findings">{reason}</TabLink>
            </>
          ) : (
            reason
          )}
        </li>
      ))}
      {push.result === 'pass' && <li>By the rules and advisories of now it passes.</li>}
    </ul>
  );
}
