import type { ListName } from '@tidewaiter/query';
import {
  alertList,
  deadLetterList,
  deliveryList,
  entryLists,
  imageList,
  incidentList,
  pushList,
  repositoryList,
  type RowList,
  ruleList,
  silenceList,
  upgradeList,
  vulnerabilityList,
  workloadList,
} from '@tidewaiter/store';

/** Every list of the API, and its default order. */
export const listCatalog: Readonly<Record<ListName, { list: RowList<unknown>; sort: string }>> = {
  incidents: { list: incidentList, sort: '-number' },
  pushes: { list: pushList, sort: '-received' },
  repositories: { list: repositoryList, sort: '-pushed' },
  images: { list: imageList, sort: '-pushed' },
  vulnerabilities: { list: vulnerabilityList, sort: '-risk' },
  fixes: { list: upgradeList, sort: '-risk' },
  workloads: { list: workloadList, sort: '-urgency' },
  alerts: { list: alertList, sort: '-number' },
  rules: { list: ruleList, sort: 'place' },
  deliveries: { list: deliveryList, sort: '-number' },
  silences: { list: silenceList, sort: '-created' },
  'dead-letters': { list: deadLetterList, sort: '-created' },
  exceptions: { list: entryLists.exceptions, sort: 'name' },
  policies: { list: entryLists.policies, sort: 'name' },
  signers: { list: entryLists.signers, sort: 'name' },
  registries: { list: entryLists.registries, sort: 'name' },
  reports: { list: entryLists.reports, sort: 'name' },
  sensors: { list: entryLists.sensors, sort: 'name' },
};
