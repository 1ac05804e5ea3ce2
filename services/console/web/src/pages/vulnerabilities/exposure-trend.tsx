import { useQuery } from '@tanstack/react-query';

import { vulnerabilityTrend } from '../../api/queries.js';
import type { ExposureDay } from '../../api/types.js';
import { type ChartPart, dayText, DayChart } from '../../parts/chart/day-chart.js';
import { Section } from '../../parts/page.js';
import { counted } from '../../parts/words.js';

const imageParts: ChartPart<ExposureDay>[] = [
  { kind: 'fail', title: 'no fix', mark: '■ no fix known today', valueOf: ({ unfixable }) => unfixable },
  { kind: 'pass', title: 'fix available', mark: '✓ fix available today', valueOf: ({ fixable }) => fixable },
];

const workloadParts: ChartPart<ExposureDay>[] = [
  { kind: 'high', title: 'workloads', mark: '◆ workloads', valueOf: ({ workloads }) => workloads ?? 0 },
];

/** How far a vulnerability reached in the last days; nothing if it reached nowhere. */
export function ExposureTrend({ id }: { id: string }) {
  const { data } = useQuery(vulnerabilityTrend(id));
  const days = data?.days ?? [];
  const [first, last] = [days[0], days.at(-1)];
  if (
    !first ||
    !last ||
    days.every(({ fixable, unfixable, workloads }) => fixable + unfixable + (workloads ?? 0) === 0)
  )
    return null;
  const images = ({ fixable, unfixable }: ExposureDay) => fixable + unfixable;
  const then = dayText(first.day);
  return (
    <Section title="Last 30 days">
      <div className="columns">
        <DayChart
          title="Tagged images with it"
          summary={`${counted(images(last), 'image')} now, ${last.fixable.toLocaleString('en')} with a fix; ${images(first).toLocaleString('en')} on ${then}`}
          rows={days}
          parts={imageParts}
        />
        {last.workloads !== null && (
          <DayChart
            title="Workloads that run it"
            summary={`${counted(last.workloads, 'workload')} now, ${(first.workloads ?? 0).toLocaleString('en')} on ${then}`}
            rows={days}
            parts={workloadParts}
          />
        )}
      </div>
    </Section>
  );
}
