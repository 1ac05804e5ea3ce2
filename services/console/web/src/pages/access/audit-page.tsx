import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { audit } from '../../api/lists.js';
import { auditVerification } from '../../api/queries.js';
import type { AuditEntry } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterText } from '../../parts/filters.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { counted } from '../../parts/words.js';
import { SystemTabs } from '../system/system-tabs.js';
import { AdminOnly } from './admin-only.js';

const route = getRouteApi('/system/audit');

const columns = [
  column<AuditEntry>({ id: 'number', title: 'Number', kind: 'number', cell: ({ number }) => number }),
  column<AuditEntry>({ id: 'at', title: 'When', kind: 'when', cell: ({ at }) => <Moment at={at} /> }),
  column<AuditEntry>({
    id: 'actor',
    title: 'By',
    cell: ({ actor, address }) => (
      <>
        {actor} <small className="quiet">{address}</small>
      </>
    ),
  }),
  column<AuditEntry>({
    id: 'action',
    title: 'Action',
    isName: true,
    cell: ({ action, subject }) => (
      <>
        {action} <small className="quiet">{subject}</small>
      </>
    ),
  }),
  column<AuditEntry>({
    id: 'details',
    title: 'Change',
    cell: ({ details }) =>
      Object.keys(details).length === 0 ? null : (
        <details>
          <summary>Change</summary>
          <pre tabIndex={0}>{JSON.stringify(details, null, 2)}</pre>
        </details>
      ),
  }),
];

/** Sign-ins and changes, with the objects before and after. */
export function AuditPage() {
  return (
    <>
      <PageHead title="Audit log" about="Each entry's hash covers all entries before it" />
      <SystemTabs />
      <AdminOnly>
        <Verification />
        <Entries />
      </AdminOnly>
    </>
  );
}

function Verification() {
  const { data, error } = useQuery(auditVerification);
  if (error !== null) return <p role="alert">{error.message}</p>;
  if (!data) return <p className="quiet">Checking the hashes</p>;
  const { entries, brokenAt, head } = data;
  return (
    <p>
      {brokenAt === null ? (
        <Stamp kind="good">verified</Stamp>
      ) : (
        <Stamp kind="bad">entry {brokenAt} does not follow from those before it</Stamp>
      )}{' '}
      {counted(entries, 'entry', 'entries')}
      {entries > 0 && (
        <>
          , last hash <code className="wrap">{head}</code>
        </>
      )}
    </p>
  );
}

function Entries() {
  const { q } = route.useSearch();
  const source = audit({ q });
  return (
    <>
      <div className="filters">
        <FilterText label="Filter" name="q" value={q} placeholder="actor=jane action=incident.resolved at>7d" isWide />
        <ExportLinks list="audit" q={q ?? ''} sort={undefined} />
      </div>
      <LiveTable
        label="Audit log"
        list={useLiveList(source)}
        columns={columns}
        keyOf={source.keyOf}
        empty={<EmptyState title={q === undefined ? 'Nothing was changed yet' : 'No entry matches this filter'} />}
      />
    </>
  );
}
