import { useQuery } from '@tanstack/react-query';
import { compareSeverity } from '@tidewaiter/domain';

import { workloadFindings } from '../../api/lists.js';
import type { WorkloadFinding } from '../../api/types.js';
import { SeverityMark } from '../../parts/marks.js';
import { Section } from '../../parts/page.js';
import { dotted } from '../../parts/words.js';
import { readFindings } from './read-findings.js';
import { workloadName } from './workload-name.js';

/** Findings that are shown at most, the worst of those that are read. */
const maxShown = 100;

/** Open misconfiguration of the workloads that a filter matches, a list for each. */
export function WorkloadFindings({ filter }: { filter: Parameters<typeof workloadFindings>[0] }) {
  const source = workloadFindings(filter);
  const { data } = useQuery({
    queryKey: [...source.key, 'worst'],
    queryFn: ({ signal }) => readFindings((after) => source.page(after, signal)),
  });
  if (!data) return null;
  const worst = data.findings.toSorted((a, b) => compareSeverity(a.severity, b.severity));
  const byWorkload = Map.groupBy(worst.slice(0, maxShown), ({ workload }) => workloadName(workload));
  const hidden = worst.length - maxShown;
  return (
    <>
      {[...byWorkload].map(([name, findings]) => (
        <Section key={name} title={`Misconfiguration of ${name}`} note={findings.length}>
          <FindingLines findings={findings} />
        </Section>
      ))}
      {hidden > 0 && (
        <p className="quiet">
          {hidden}
          {data.isWhole ? '' : ' or more'} milder findings of workloads: see Workloads
        </p>
      )}
    </>
  );
}

/** Misconfiguration of one workload. */
export function FindingLines({ findings }: { findings: readonly WorkloadFinding[] }) {
  return (
    <ul className="lines">
      {findings.map(({ id, check, severity, title, container, field, fix }) => (
        <li key={id}>
          <SeverityMark severity={severity} /> {title} {field !== null && <code>{field}</code>}{' '}
          <small className="quiet">{dotted(container !== null && `container ${container}`, check, fix)}</small>
        </li>
      ))}
    </ul>
  );
}
