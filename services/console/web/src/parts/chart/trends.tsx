import { useQuery } from '@tanstack/react-query';

import { type RepositoryName, trends } from '../../api/queries.js';
import type { TrendDay } from '../../api/types.js';
import { Section } from '../page.js';
import { counted } from '../words.js';
import { type ChartPart, dayText, DayChart } from './day-chart.js';

/** The API leaves no count out, which its schema does not promise. */
const sumOf = <Name extends string>(counts: Partial<Record<Name, number>>, ...names: Name[]) =>
  names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);

const severityParts: ChartPart<TrendDay>[] = [
  { kind: 'critical', title: 'critical', mark: '▲ critical', valueOf: ({ open }) => sumOf(open, 'critical') },
  { kind: 'high', title: 'high', mark: '◆ high', valueOf: ({ open }) => sumOf(open, 'high') },
  { kind: 'medium', title: 'medium', mark: '● medium', valueOf: ({ open }) => sumOf(open, 'medium') },
  {
    kind: 'other',
    title: 'other',
    mark: '▼ low, negligible or unknown',
    valueOf: ({ open }) => sumOf(open, 'low', 'negligible', 'unknown'),
  },
];

const verdictParts: ChartPart<TrendDay>[] = [
  { kind: 'fail', title: 'failed', mark: '■ failed', valueOf: ({ verdicts }) => sumOf(verdicts, 'fail') },
  {
    kind: 'unknown',
    title: 'not evaluated',
    mark: '? not evaluated',
    valueOf: ({ verdicts }) => sumOf(verdicts, 'unknown'),
  },
  { kind: 'pass', title: 'passed', mark: '✓ passed', valueOf: ({ verdicts }) => sumOf(verdicts, 'pass') },
];

/** The last days in pictures, of a repository or of all; nothing before the first verdict. */
export function Trends({ place }: { place: RepositoryName | null }) {
  const { data } = useQuery(trends(place));
  const days = data?.days ?? [];
  const [first, last] = [days[0], days.at(-1)];
  const total = (day: TrendDay) => severityParts.reduce((sum, { valueOf }) => sum + valueOf(day), 0);
  const pushes = days.reduce((sum, day) => sum + verdictParts.reduce((part, { valueOf }) => part + valueOf(day), 0), 0);
  if (!first || !last || (pushes === 0 && total(last) === 0)) return null;
  const failed = days.reduce((sum, { verdicts }) => sum + sumOf(verdicts, 'fail'), 0);
  return (
    <Section title="Last 30 days">
      <div className="columns">
        <DayChart
          title="Open findings of tagged images"
          summary={`${counted(total(last), 'finding')} now, ${total(first).toLocaleString('en')} on ${dayText(first.day)}`}
          rows={days}
          parts={severityParts}
        />
        <DayChart
          title="Pushes by verdict"
          summary={`${failed.toLocaleString('en')} of ${counted(pushes, 'push', 'pushes')} failed`}
          rows={days}
          parts={verdictParts}
        />
      </div>
    </Section>
  );
}
