export { type Completion, type Completions, completionsAt } from './completions.js';
export { type Field, type Fields, fieldsOf, fieldTypes, type Operator, operators, operatorsOf } from './fields.js';
export { InvalidQuery } from './invalid-query.js';
export { alertFields, ruleFields } from './lists/alerts.js';
export { containmentFields } from './lists/containment.js';
export { deadLetterFields, deliveryFields, silenceFields } from './lists/deliveries.js';
export { imageFields, repositoryFields } from './lists/images.js';
export { auditFields } from './lists/audit.js';
export { incidentFields } from './lists/incidents.js';
export { listsMarkdown } from './lists/lists-markdown.js';
export {
  entrySources,
  entryStates,
  exceptionFields,
  policyFields,
  registryFields,
  reportFields,
  sensorFields,
  signerFields,
} from './lists/entries.js';
export { listFields, type ListName, listNames } from './lists/lists.js';
export { pushFields } from './lists/pushes.js';
export { upgradeFields, vulnerabilityFields } from './lists/vulnerabilities.js';
export { workloadFields } from './lists/workloads.js';
export { type QueryExpression, maxQueryLength, namesField, parseQuery } from './parse-query.js';
export { type FieldValue } from './read-value.js';
