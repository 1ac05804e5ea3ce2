import { Link } from '@tanstack/react-router';

import type { WorkloadDetail } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { nameOf, shortDigest } from '../../parts/words.js';

type Use = WorkloadDetail['inUse'][number];

interface Props {
  packages: readonly Use[];
  images: WorkloadDetail['images'];
}

/** Packages that a sensor saw executed or loaded; their vulnerabilities come first. */
export function UsedPackages({ packages, images }: Props) {
  const names = new Map(
    images.map(({ digest, repository, tag }) => [digest, repository === null ? null : nameOf({ repository, tag })]),
  );
  const columns = [
    column<Use>({
      id: 'package',
      title: 'Package',
      isName: true,
      cell: ({ package: name }) => (
        <Link to="/vulnerabilities" search={{ tab: 'search', by: 'package', value: name, running: 'true' }}>
          {name}
        </Link>
      ),
    }),
    column<Use>({ id: 'how', title: 'How', cell: ({ how }) => how }),
    column<Use>({
      id: 'image',
      title: 'Image',
      cell: ({ imageDigest }) => names.get(imageDigest) ?? `@${shortDigest(imageDigest)}`,
    }),
    column<Use>({ id: 'first', title: 'First', kind: 'when', cell: ({ firstSeen }) => <Moment at={firstSeen} /> }),
    column<Use>({ id: 'last', title: 'Last', kind: 'when', cell: ({ lastSeen }) => <Moment at={lastSeen} /> }),
  ];
  return (
    <Section title="Packages in use" note={packages.length}>
      {packages.length === 0 ? (
        <p className="quiet">
          No sensor has reported a program or library that it uses; which packages are in use is known from runtime
          sensors alone.
        </p>
      ) : (
        <DataTable
          label="Packages in use"
          columns={columns}
          rows={packages}
          keyOf={({ imageDigest, package: name, how }) => JSON.stringify([imageDigest, name, how])}
        />
      )}
    </Section>
  );
}
