import { useQuery } from '@tanstack/react-query';

import { imagePackages } from '../../api/queries.js';
import type { ImagePackage } from '../../api/types.js';
import { EmptyState, Loaded } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';

const columns = [
  column<ImagePackage>({
    id: 'name',
    title: 'Package',
    isName: true,
    sortBy: ({ name }) => name,
    cell: ({ name, source }) => (
      <>
        {name} {source.name !== name && <small className="quiet">of {source.name}</small>}
      </>
    ),
  }),
  column<ImagePackage>({
    id: 'version',
    title: 'Version',
    sortBy: ({ version }) => version,
    cell: ({ version, state }) => (
      <>
        <span className="mono">{version}</span>{' '}
        {state === 'shadowed' && <small className="quiet">hidden by a later layer</small>}
      </>
    ),
  }),
  column<ImagePackage>({ id: 'type', title: 'Type', sortBy: ({ type }) => type, cell: ({ type }) => type }),
  column<ImagePackage>({
    id: 'licenses',
    title: 'Licenses',
    sortBy: ({ licenses }) => licenses.join(', '),
    cell: ({ licenses }) => licenses.join(', '),
  }),
  column<ImagePackage>({
    id: 'foundIn',
    title: 'Found in',
    sortBy: ({ foundIn }) => foundIn,
    cell: ({ foundIn }) => <span className="mono">{foundIn}</span>,
  }),
  column<ImagePackage>({
    id: 'layer',
    title: 'Layer',
    kind: 'number',
    sortBy: ({ layer }) => layer,
    cell: ({ layer }) => layer,
  }),
];

interface Props {
  digest: string;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
}

/** The inventory. */
export function PackagesTab({ digest, sort, onSort }: Props) {
  return (
    <Loaded read={useQuery(imagePackages(digest))}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState title="No packages" />
        ) : (
          <DataTable
            label="Packages"
            columns={columns}
            rows={items}
            keyOf={({ imageDigest, purl, foundIn, layer }) => JSON.stringify([imageDigest, purl, foundIn, layer])}
            sort={sort}
            onSort={onSort}
          />
        )
      }
    </Loaded>
  );
}
