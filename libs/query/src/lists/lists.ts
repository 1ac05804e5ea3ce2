import type { Fields } from '../fields.js';
import { alertFields, ruleFields } from './alerts.js';
import { containmentFields } from './containment.js';
import { deadLetterFields, deliveryFields, silenceFields } from './deliveries.js';
import { exceptionFields, policyFields, registryFields, reportFields, sensorFields, signerFields } from './entries.js';
import { imageFields, repositoryFields } from './images.js';
import { incidentFields } from './incidents.js';
import { pushFields } from './pushes.js';
import { upgradeFields, vulnerabilityFields } from './vulnerabilities.js';
import { workloadFields } from './workloads.js';

/** Fields of every list, by the name that the list has in the API: `/api/v1/incidents`. */
export const listFields = {
  incidents: incidentFields,
  alerts: alertFields,
  rules: ruleFields,
  pushes: pushFields,
  repositories: repositoryFields,
  images: imageFields,
  vulnerabilities: vulnerabilityFields,
  fixes: upgradeFields,
  workloads: workloadFields,
  deliveries: deliveryFields,
  silences: silenceFields,
  'dead-letters': deadLetterFields,
  containment: containmentFields,
  exceptions: exceptionFields,
  policies: policyFields,
  signers: signerFields,
  registries: registryFields,
  sensors: sensorFields,
  reports: reportFields,
} as const satisfies Record<string, Fields>;

export type ListName = keyof typeof listFields;

/** Lists that have a field. */
export function listsWithField(name: string): ListName[] {
  return listNames.filter((list) => Object.hasOwn(listFields[list], name));
}

export const listNames = Object.keys(listFields) as ListName[];
