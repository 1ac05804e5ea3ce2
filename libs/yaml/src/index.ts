export {
  isList,
  isMap,
  type Located,
  type LocatedList,
  type LocatedMap,
  type LocatedScalar,
  type LocatedValue,
  plainOf,
} from './located.js';
export { formatYaml } from './format-yaml.js';
export { type DocumentText, splitDocuments } from './split-documents.js';
export type { ValueProblem } from './value-reader.js';
export { YamlDocument } from './yaml-document.js';
