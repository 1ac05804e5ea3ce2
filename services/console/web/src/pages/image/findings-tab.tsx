import { severities } from '@tidewaiter/domain';
import { useMemo, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import type { ImageFinding } from '../../api/types.js';
import { dialogLater } from '../../parts/later.js';
import { SeverityMark } from '../../parts/marks.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { useMe } from '../../parts/use-me.js';
import { FindingId } from './finding-id.js';
import { placeOf, suppressionText } from './finding-remarks.js';

const AcceptDialog = dialogLater(async () => (await import('./accept-dialog.js')).AcceptDialog);

const columns = [
  column<ImageFinding>({
    id: 'severity',
    title: 'Severity',
    kind: 'mark',
    sortBy: ({ severity }) => severities.indexOf(severity),
    cell: ({ severity }) => <SeverityMark severity={severity} />,
  }),
  column<ImageFinding>({
    id: 'finding',
    title: 'Finding',
    isName: true,
    sortBy: ({ id }) => id,
    cell: (finding) => (
      <>
        <FindingId finding={finding} /> <small className="quiet">{finding.title}</small>
        <small className="quiet">{suppressionText(finding)}</small>
      </>
    ),
  }),
  column<ImageFinding>({
    id: 'package',
    title: 'Package or place',
    sortBy: ({ packageName, path }) => packageName ?? path ?? '',
    cell: (finding) => {
      const { packageName, installedVersion } = finding;
      const place = packageName === null ? placeOf(finding) : `${packageName} ${installedVersion ?? ''}`.trim();
      return place !== '' && <span className="mono">{place}</span>;
    },
  }),
  column<ImageFinding>({
    id: 'fix',
    title: 'Fixed in',
    sortBy: ({ fix }) => fix.version ?? '',
    cell: ({ fix }) =>
      fix.version ?? <span className="quiet">{fix.state === 'wont-fix' ? 'will not be fixed' : '–'}</span>,
  }),
  column<ImageFinding>({
    id: 'risk',
    title: 'Risk',
    sortBy: ({ kev, epss, inUse }) => -(Number(kev) * 4 + Number(inUse === true) * 2 + (epss ?? 0)),
    cell: ({ kev, epss, inUse, running }) => (
      <>
        {kev && <b>exploited </b>}
        {running === true && 'running '}
        {inUse === true && 'in use '}
        {epss !== null && <small className="quiet">EPSS {(epss * 100).toFixed(1)} %</small>}
      </>
    ),
  }),
  column<ImageFinding>({
    id: 'layer',
    title: 'Layer',
    kind: 'number',
    sortBy: ({ layer }) => layer ?? -1,
    cell: ({ layer }) => layer,
  }),
];

function acceptance(accept: (finding: ImageFinding) => void) {
  return column<ImageFinding>({
    id: 'accept',
    title: 'Action',
    kind: 'act',
    cell: (finding) =>
      finding.counted && (
        <Button className="button" aria-label={`Accept ${finding.id}`} onPress={() => accept(finding)}>
          Accept
        </Button>
      ),
  });
}

interface Props {
  findings: readonly ImageFinding[];
  /** Repository whose findings may be accepted; undefined for an image that was never pushed. */
  repository: string | undefined;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
}

/** Every finding, also those that do not count, with the reason. */
export function FindingsTab({ findings, repository, sort, onSort }: Props) {
  const { may } = useMe();
  const [accepted, accept] = useState<ImageFinding | null>(null);
  const mayAccept = repository !== undefined && may('maintainer');
  const shown = useMemo(() => (mayAccept ? [...columns, acceptance(accept)] : columns), [mayAccept]);
  if (findings.length === 0) return <EmptyState title="No findings" />;
  return (
    <>
      <DataTable
        label="Findings"
        columns={shown}
        rows={findings}
        keyOf={({ fingerprint, imageDigest, path, purl, by }) =>
          JSON.stringify([fingerprint, imageDigest, path, purl, by?.source])
        }
        sort={sort}
        onSort={onSort}
      />
      {accepted && mayAccept && <AcceptDialog finding={accepted} repository={repository} close={() => accept(null)} />}
    </>
  );
}
