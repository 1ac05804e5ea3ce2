import type { ListName } from '@tidewaiter/query';

import { containmentList } from './containment/containment-list.js';
import { deadLetterList } from './core/dead-letter-list.js';
import type { RowList } from './core/lists.js';
import { deliveryList } from './deliveries/delivery-list.js';
import { silenceList } from './deliveries/silence-list.js';
import { entryLists } from './entries/entry-list.js';
import { upgradeList } from './images/exposure/upgrade-list.js';
import { vulnerabilityList } from './images/exposure/vulnerability-list.js';
import { imageList } from './images/lists/image-list.js';
import { repositoryList } from './images/lists/repository-list.js';
import { pushList } from './images/pushes/push-list.js';
import { alertList } from './incidents/alert-list.js';
import { incidentList } from './incidents/incident-list.js';
import { ruleList } from './incidents/rule-list.js';
import { workloadList } from './workloads/workload-list.js';

/** Every list that queries filter, by its name. */
export const rowLists: Readonly<Record<ListName, RowList<unknown>>> = {
  incidents: incidentList,
  pushes: pushList,
  repositories: repositoryList,
  images: imageList,
  vulnerabilities: vulnerabilityList,
  fixes: upgradeList,
  workloads: workloadList,
  alerts: alertList,
  rules: ruleList,
  deliveries: deliveryList,
  silences: silenceList,
  'dead-letters': deadLetterList,
  containment: containmentList,
  ...entryLists,
};
