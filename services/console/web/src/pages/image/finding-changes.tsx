import { Fragment } from 'react';

import type { PushChanges } from '../../api/types.js';
import { SeverityMark } from '../../parts/marks.js';
import { Section } from '../../parts/page.js';
import { dotted } from '../../parts/words.js';
import { FindingId } from './finding-id.js';

type Changes = PushChanges['findings']['introduced'];

/** Introduced by the change, published since, and resolved. */
export function FindingChanges({ findings, of = 'push' }: { findings: PushChanges['findings']; of?: 'push' | 'pair' }) {
  const { introduced, newlyPublished, resolved } = findings;
  const words = texts[of];
  return (
    <>
      <FindingList title={words.introduced[0]} changes={introduced} none={words.introduced[1]} />
      <FindingList
        title="Newly published"
        changes={newlyPublished}
        none="No advisory was published about what both images have."
      />
      <FindingList title="Resolved" changes={resolved} none={words.resolved} />
    </>
  );
}

const texts = {
  push: {
    introduced: ['Introduced by your change', 'Your change introduced no finding.'],
    resolved: 'Your change resolved no finding.',
  },
  pair: {
    introduced: ['Introduced', 'The second image has no finding that the first has not.'],
    resolved: 'The second image has every finding of the first.',
  },
} as const;

function FindingList({ title, changes, none }: { title: string; changes: Changes; none: string }) {
  return (
    <Section title={title} note={changes.total}>
      {changes.total === 0 ? <p className="quiet">{none}</p> : <FindingItems changes={changes} />}
    </Section>
  );
}

const kindTitles: Record<Changes['items'][number]['kind'], string> = {
  vulnerability: 'Vulnerabilities',
  secret: 'Secrets',
  misconfiguration: 'Misconfiguration',
  integrity: 'Integrity',
  malware: 'Malware',
  'supply-chain': 'Supply chain',
};

/** Findings of a comparison, by kind where there are several. */
export function FindingItems({ changes: { total, items } }: { changes: Changes }) {
  const kinds = [...Map.groupBy(items, ({ kind }) => kind)];
  return (
    <>
      {kinds.map(([kind, some]) => (
        <Fragment key={kind}>
          {kinds.length > 1 && <h3>{kindTitles[kind]}</h3>}
          <ul className="lines">
            {some.map((change, index) => (
              <FindingItem key={`${change.fingerprint} ${change.path} ${index}`} change={change} />
            ))}
          </ul>
        </Fragment>
      ))}
      {total > items.length && <p className="quiet">{total - items.length} more by the API</p>}
    </>
  );
}

function FindingItem({ change }: { change: Changes['items'][number] }) {
  const { kind, id, severity, title, packageName, path, place = path, platforms } = change;
  const isVulnerability = kind === 'vulnerability';
  return (
    <li>
      <SeverityMark severity={severity} /> {isVulnerability && <FindingId finding={change} />} {title}{' '}
      <small className="quiet">{dotted(!isVulnerability && id, packageName, place, platforms?.join(', '))}</small>
    </li>
  );
}
