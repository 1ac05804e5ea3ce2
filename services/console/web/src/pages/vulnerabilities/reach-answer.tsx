import { useQuery } from '@tanstack/react-query';

import { reach } from '../../api/queries.js';
import type { QueryOf, Reach } from '../../api/types.js';
import { Figure } from '../../parts/marks.js';
import { Section } from '../../parts/page.js';
import { EmptyState, Loaded } from '../../parts/states.js';
import { DataTable } from '../../parts/table/data-table.js';
import { ContainerList } from './container-list.js';
import { reachedImageColumns } from './reached-image-columns.js';

/** Totals, images, and the containers that run them. */
export function ReachAnswer({ query }: { query: QueryOf<'/api/v1/blast-radius'> }) {
  return (
    <Loaded read={useQuery(reach(query))}>
      {(answer) => (
        <>
          <Totals counts={answer.counts} />
          {answer.notEvaluated.map(({ code, message, count }) => (
            <p key={code}>
              The answer may lack images: {message} ({count}, <code>{code}</code>)
            </p>
          ))}
          {answer.items.length === 0 ? <EmptyState title="No image matches" /> : <Images answer={answer} />}
          {(answer.counts.containers ?? 0) > 0 && <ContainerList query={query} />}
        </>
      )}
    </Loaded>
  );
}

function Totals({ counts }: { counts: Reach['counts'] }) {
  const { images, tagged, repositories, workloads, pods, running, mitigated, unknown } = counts;
  return (
    <dl className="figures">
      <Figure value={images}>images</Figure>
      <Figure value={tagged}>with a current tag</Figure>
      <Figure value={repositories}>repositories</Figure>
      <Figure value={workloads ?? '–'}>{workloads === null ? 'workloads: no sensor' : 'workloads'}</Figure>
      <Figure value={pods ?? '–'}>pods</Figure>
      <Figure value={running ?? '–'}>running containers</Figure>
      {mitigated > 0 && <Figure value={mitigated}>mitigated otherwise</Figure>}
      {unknown > 0 && <Figure value={unknown}>version not comparable</Figure>}
    </dl>
  );
}

function Images({ answer: { items, counts } }: { answer: Reach }) {
  return (
    <Section
      title="Images"
      note={items.length < counts.images ? `the newest ${items.length} of ${counts.images}` : counts.images}
    >
      <DataTable label="Images that match" columns={reachedImageColumns} rows={items} keyOf={({ id }) => id} />
    </Section>
  );
}
