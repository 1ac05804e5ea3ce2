export { fingerprintOf, readRuleFiles, shippedCompiledRules, shippedRules } from './rule-files.js';
