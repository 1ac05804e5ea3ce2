export { fingerprintOf, readRuleFiles, readShippedRules, shippedCompiledRules, shippedRules } from './rule-files.js';
