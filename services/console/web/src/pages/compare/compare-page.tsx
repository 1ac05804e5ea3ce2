import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Button } from 'react-aria-components/Button';

import { comparison } from '../../api/queries.js';
import type { Comparison } from '../../api/types.js';
import { useSearchChange } from '../../parts/filters.js';
import { later } from '../../parts/later.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState, Loaded } from '../../parts/states.js';
import { FindingChanges, FindingItems } from '../image/finding-changes.js';
import { OtherChanges } from '../image/other-changes.js';
import { comparisonSentence, isSameImage } from './comparison-words.js';
import { SideFacts } from './side-facts.js';

const ReferenceBox = later(
  async () => (await import('./reference-box.js')).ReferenceBox,
  <span className="filter wide query-box">
    <span className="label">…</span>
    <input readOnly aria-label="Image, still loading" />
  </span>,
);

const route = getRouteApi('/compare');

/** Changes between any two images: digests, tags, pushes, or what runs now. */
export function ComparePage() {
  const { from, to } = route.useSearch();
  const change = useSearchChange();
  return (
    <>
      <PageHead title="Compare" about="Changes from one image to another: digests, tags, pushes, or what runs now" />
      <div className="filters">
        <ReferenceBox label="From" name="from" value={from} />
        <Button
          className="button"
          isDisabled={from === undefined && to === undefined}
          onPress={() => change({ from: to, to: from })}
        >
          Swap
        </Button>
        <ReferenceBox label="To" name="to" value={to} />
      </div>
      {from === undefined || to === undefined ? (
        <EmptyState title={from === to ? 'Choose two images' : 'Choose the other image'}>
          <p>
            A name finds tags, workloads and earlier images. Also a digest, <code>registry/repository:tag</code>, the id
            of a push, or <code>running:cluster/namespace/Kind/name</code>.
          </p>
        </EmptyState>
      ) : (
        <Result from={from} to={to} />
      )}
    </>
  );
}

function Result({ from, to }: { from: string; to: string }) {
  return <Loaded read={useQuery(comparison({ from, to }))}>{(found) => <Difference found={found} />}</Loaded>;
}

function Difference({ found }: { found: Comparison }) {
  const { findings, kept, isComplete } = found;
  return (
    <>
      <p className="sentence">{comparisonSentence(found)}</p>
      {!isComplete && <p>Not everything could be compared: some layers were not read.</p>}
      <SideFacts from={found.from} to={found.to} />
      {!isSameImage(found) && (
        <>
          <FindingChanges findings={findings} of="pair" />
          {kept.total > 0 && (
            <details className="section">
              <summary>
                <b>In both</b> <small className="quiet">{kept.total}</small>
              </summary>
              <FindingItems changes={kept} />
            </details>
          )}
          <OtherChanges changes={found} />
        </>
      )}
    </>
  );
}
