import type { ReactNode } from 'react';

import { Digest } from '../../parts/digest.js';
import { SeverityCounts, VerdictStamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Facts } from '../../parts/page.js';
import { counted } from '../../parts/words.js';
import { WorkloadLink } from '../workloads/workload-link.js';
import { type ImageContextData, workloadsOf } from './image-context.js';
import { TabLink } from './tab-link.js';
import { VerdictReasons } from './verdict-reasons.js';

/** Workloads that are named; the tab Runtime has all. */
const maxPlaces = 3;

/** Verdict, findings, where it runs, who pushed it, what it is made of. */
export function ImageHead({ digest, images, push, places, findings }: ImageContextData) {
  const running = workloadsOf(places).filter((workload) => workload.running > 0);
  const [first] = images;
  return (
    <>
      <p className="line">
        {push && <VerdictStamp push={push} />} <Digest digest={digest} />{' '}
        {findings && <SeverityCounts counts={findings.counts} />}
      </p>
      {push && <VerdictReasons push={push} />}
      <Facts
        facts={[
          ['Runs in', placesOf(places?.counts.workloads, running)],
          ['Tags', tagsText(places)],
          [
            'Pushed',
            push && (
              <>
                {push.pushedBy !== null && `by ${push.pushedBy} `}
                <Moment at={push.pushedAt ?? push.receivedAt} />
              </>
            ),
          ],
          ['Platforms', images.map(({ platform }) => platform).join(', ')],
          ['Distribution', first?.os?.name ?? 'no distribution'],
          ['Base built', first?.baseCreatedAt && <Moment at={first.baseCreatedAt} />],
          ['User', first && (first.user === null || first.user === '' ? 'root' : first.user)],
          ['Content', first && `${counted(first.packageCount, 'package')}, ${counted(first.layers.length, 'layer')}`],
        ]}
      />
    </>
  );
}

function placesOf(known: number | null | undefined, running: ReturnType<typeof workloadsOf>): ReactNode {
  if (known === undefined) return undefined;
  if (known === null) return 'no sensor reports containers';
  if (running.length === 0) return 'no workload now';
  return (
    <>
      {running.slice(0, maxPlaces).map(({ cluster, namespace, kind, name }) => (
        <span key={JSON.stringify([cluster, namespace, kind, name])} className="block">
          <WorkloadLink place={{ cluster, namespace, kind, name }} />
        </span>
      ))}
      {running.length > maxPlaces && (
        <TabLink tab="runtime">and {counted(running.length - maxPlaces, 'other workload')}</TabLink>
      )}
    </>
  );
}

function tagsText(places: ImageContextData['places']): string {
  const current = places?.items.flatMap((item) => item.places.filter(({ isCurrent }) => isCurrent)) ?? [];
  const names = [...new Set(current.map(({ repository, tag }) => `${repository}:${tag}`))];
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`;
}
