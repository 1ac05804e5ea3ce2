import type { ListName } from '@tidewaiter/query';
import {
  imageList,
  incidentList,
  pushList,
  repositoryList,
  type RowList,
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
};
