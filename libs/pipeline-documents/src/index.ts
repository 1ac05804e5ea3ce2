export { type PipelineDocument, readDocument } from './document-kinds.js';
export { type BuiltImageName, isTag, readImageName } from './image-name.js';
export { splitDocuments } from './split-documents.js';
