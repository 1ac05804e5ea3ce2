import { Link } from '@tanstack/react-router';

import type { PushChanges } from '../../api/types.js';
import { SeverityMark } from '../../parts/marks.js';
import { Section } from '../../parts/page.js';
import { dotted } from '../../parts/words.js';

type Changes = PushChanges['findings']['introduced'];

/** Introduced by the change, published since, and resolved. */
export function FindingChanges({
  findings: { introduced, newlyPublished, resolved },
}: {
  findings: PushChanges['findings'];
}) {
  return (
    <>
      <FindingList title="Introduced by your change" changes={introduced} none="Your change introduced no finding." />
      <FindingList
        title="Newly published"
        changes={newlyPublished}
        none="No advisory was published about what both images have."
      />
      <FindingList title="Resolved" changes={resolved} none="Your change resolved no finding." />
    </>
  );
}

function FindingList({ title, changes: { total, items }, none }: { title: string; changes: Changes; none: string }) {
  return (
    <Section title={title} note={total}>
      {total === 0 && <p className="quiet">{none}</p>}
      <ul className="lines">
        {items.map(({ kind, id, severity, title: text, packageName, path, fingerprint, platforms }) => (
          <li key={`${fingerprint} ${path}`}>
            <SeverityMark severity={severity} />{' '}
            {kind === 'vulnerability' ? (
              <Link to="/vulnerabilities/$id" params={{ id }}>
                {id}
              </Link>
            ) : (
              id
            )}{' '}
            {text} <small className="quiet">{dotted(packageName, path, platforms?.join(', '))}</small>
          </li>
        ))}
      </ul>
      {total > items.length && <p className="quiet">{total - items.length} more by the API</p>}
    </Section>
  );
}
