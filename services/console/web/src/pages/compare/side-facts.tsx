import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { image } from '../../api/queries.js';
import type { Comparison, Image } from '../../api/types.js';
import { Digest } from '../../parts/digest.js';
import { absoluteTime } from '../../parts/relative-time.js';
import { nameOf, shortDigest, sizeText } from '../../parts/words.js';

type Side = Comparison['from'];

/** Images of one side whose facts are read; an index has one for each platform. */
const maxImages = 12;

/** Facts about both sides beside each other; different ones stand out. */
export function SideFacts({ from, to }: { from: Side; to: Side }) {
  const sides = [useImagesOf(from), useImagesOf(to)] as const;
  const rows = facts.map(([title, textOf]) => [title, ...sides.map((images) => textsOf(images, textOf))] as const);
  const known = rows.filter(([, ...texts]) => texts.some((text) => text !== ''));
  return (
    <div className="table-box">
      <table role="table" aria-label="Facts about both images" className="facts-of-sides">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">
              Fact
            </th>
            <th scope="col" role="columnheader">
              From
            </th>
            <th scope="col" role="columnheader">
              To
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          <FactRow title="Image" from={<SideName side={from} />} to={<SideName side={to} />} />
          {known.map(([title, before, after]) => (
            <FactRow key={title} title={title} from={before} to={after} isDifferent={before !== after} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  title: string;
  from: ReactNode;
  to: ReactNode;
  isDifferent?: boolean;
}

function FactRow({ title, from, to, isDifferent = false }: RowProps) {
  const kind = isDifferent ? 'differs' : undefined;
  return (
    <tr role="row">
      <th scope="row" role="rowheader">
        {title}
      </th>
      <td role="cell" data-title="From" className={kind}>
        {from}
      </td>
      <td role="cell" data-title="To" className={kind}>
        {to}
      </td>
    </tr>
  );
}

function SideName({ side: { reference, images, push } }: { side: Side }) {
  const digest = (images.length > 1 ? push?.digest : null) ?? images[0]!;
  const name = push === null ? `@${shortDigest(digest)}` : nameOf(push);
  return (
    <>
      <Link to="/images/$digest" params={{ digest }} search={push?.digest === digest ? { push: push.id } : {}}>
        {name}
      </Link>{' '}
      <Digest digest={digest} />{' '}
      {reference.startsWith('running:') && <small className="quiet">{reference.slice('running:'.length)}</small>}
    </>
  );
}

function useImagesOf({ images }: Side): Image[] {
  return useQueries({
    queries: images.slice(0, maxImages).map((digest) => image(digest)),
    combine: (reads) => reads.flatMap(({ data }) => data?.images ?? []),
  });
}

const facts: readonly (readonly [string, (image: Image) => string])[] = [
  ['Platform', ({ platform }) => platform],
  ['Distribution', ({ os }) => os?.name ?? 'no distribution'],
  ['Built', ({ createdAt }) => (createdAt === null ? '' : absoluteTime(createdAt))],
  ['Base built', ({ baseCreatedAt }) => (baseCreatedAt === null ? '' : absoluteTime(baseCreatedAt))],
  ['User', ({ user }) => (user === null || user === '' ? 'root' : user)],
  ['Packages', ({ packageCount }) => packageCount.toLocaleString('en')],
  ['Layers', ({ layers }) => String(layers.length)],
  ['Size', ({ layers }) => sizeText(layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))],
];

/** Values of all images of a side, each once. */
function textsOf(images: readonly Image[], textOf: (image: Image) => string): string {
  return [...new Set(images.map(textOf))].filter((text) => text !== '').join(', ');
}
