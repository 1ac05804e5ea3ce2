import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'react-aria-components/Button';

import { vexStatements } from '../../api/queries.js';
import type { VexStatement } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { useMe } from '../../parts/use-me.js';
import { dotted } from '../../parts/words.js';

/** Products of a statement that are shown at once. */
const maxProducts = 5;

/** Statements of VEX documents about a vulnerability, and the way to its exceptions. */
export function VexSection({ id }: { id: string }) {
  const read = useInfiniteQuery(vexStatements(id));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = read;
  const items = read.data?.pages.flatMap((page) => page.items) ?? [];
  const { isLimited } = useMe();
  return (
    <Section title="VEX statements" note={read.data && (hasNextPage ? `${items.length} or more` : items.length)}>
      <Loaded read={read}>
        {() =>
          items.length === 0 ? (
            <p className="quiet">
              No VEX document names it: neither one of <code>vex</code> in tidewaiter.yaml nor one that a signer
              attached to an image.
            </p>
          ) : (
            <>
              <ul className="lines">
                {items.map((statement, index) => (
                  <Statement key={index} statement={statement} />
                ))}
              </ul>
              {hasNextPage && (
                <Button className="button" isPending={isFetchingNextPage} onPress={() => void fetchNextPage()}>
                  Show more
                </Button>
              )}
            </>
          )
        }
      </Loaded>
      {isLimited === false && (
        <Link to="/policies/exceptions" search={{ q: `finding="${id}"` }}>
          Exceptions for it
        </Link>
      )}
    </Section>
  );
}

function Statement({ statement }: { statement: VexStatement }) {
  const { status, justification, reason, author, source, at, products, moreProducts, image } = statement;
  const hidden = products.slice(maxProducts);
  return (
    <li>
      <b>{words(status)}</b> {justification !== null && <>{words(justification)} </>}
      <small className="quiet">{dotted(reason, author, source)}</small> {at !== null && <Moment at={at} />}
      {image !== null && (
        <Link to="/images/$digest" params={{ digest: image.digest }} className="block">
          {image.repository}
        </Link>
      )}
      <Products products={products.slice(0, maxProducts)} />
      {hidden.length > 0 && (
        <details>
          <summary>{(hidden.length + moreProducts).toLocaleString('en')} more products</summary>
          <Products products={hidden} />
          {moreProducts > 0 && (
            <small className="quiet">and {moreProducts.toLocaleString('en')} that the document has</small>
          )}
        </details>
      )}
    </li>
  );
}

function Products({ products }: { products: readonly string[] }) {
  return products.map((product) => (
    <div key={product} className="mono wrap">
      {product}
    </div>
  ));
}

/** Codes of VEX are words with underscores. */
function words(code: string): string {
  return code.replaceAll('_', ' ');
}
