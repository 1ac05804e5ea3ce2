import { Digest } from '../../parts/digest.js';
import { SeverityCounts, VerdictStamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Facts } from '../../parts/page.js';
import { counted } from '../../parts/words.js';
import { type ImageContextData, workloadsOf } from './image-context.js';

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
      <Facts
        facts={[
          ['Runs in', placesText(places?.counts.workloads, running.length)],
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

function placesText(known: number | null | undefined, running: number): string | undefined {
  if (known === undefined) return undefined;
  if (known === null) return 'no sensor reports containers';
  return running === 0 ? 'no workload now' : counted(running, 'workload');
}

function tagsText(places: ImageContextData['places']): string {
  const current = places?.items.flatMap((item) => item.places.filter(({ isCurrent }) => isCurrent)) ?? [];
  const names = [...new Set(current.map(({ repository, tag }) => `${repository}:${tag}`))];
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`;
}
