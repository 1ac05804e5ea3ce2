export { fingerprintOf, readRuleFiles, shippedRules } from './rule-files.js';
