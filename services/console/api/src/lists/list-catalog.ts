import { auditFields, type Fields, listFields, type ListName } from '@tidewaiter/query';
import { auditList, type RowList, rowLists } from '@tidewaiter/store';

const sorts: Readonly<Record<ListName, string>> = {
  incidents: '-number',
  pushes: '-received',
  repositories: '-pushed',
  images: '-pushed',
  vulnerabilities: '-risk',
  fixes: '-risk',
  workloads: '-urgency',
  alerts: '-number',
  rules: 'place',
  deliveries: '-number',
  silences: '-created',
  'dead-letters': '-created',
  containment: '-created',
  exceptions: 'name',
  policies: 'name',
  signers: 'name',
  registries: 'name',
  reports: 'name',
  sensors: 'name',
};

/** Every list of the API, and its default order. */
export const listCatalog = Object.fromEntries(
  Object.entries(rowLists).map(([name, list]) => [name, { list, sort: sorts[name as ListName] }]),
) as Readonly<Record<ListName, { list: RowList<unknown>; sort: string }>>;

/** A list with queries; views are not of the audit log. */
export type FilteredList = ListName | 'audit';

/** Fields of every list with queries. */
export const filteredFields: Readonly<Record<FilteredList, Fields>> = { ...listFields, audit: auditFields };

/** Rows of every list with queries. */
export const filteredRows: Readonly<Record<FilteredList, RowList<unknown>>> = { ...rowLists, audit: auditList };
