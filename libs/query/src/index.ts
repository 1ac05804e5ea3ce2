export { type Completion, type Completions, completionsAt } from './completions.js';
export { type Field, type Fields, fieldsOf, type Operator } from './fields.js';
export { InvalidQuery } from './invalid-query.js';
export { incidentFields } from './lists/incidents.js';
export { pushFields } from './lists/pushes.js';
export { upgradeFields, vulnerabilityFields } from './lists/vulnerabilities.js';
export { type QueryExpression, maxQueryLength, namesField, parseQuery } from './parse-query.js';
export { type FieldValue } from './read-value.js';
