export { imageReferenceOf } from './image-reference.js';
export type { ImageReference } from './image-reference.js';
export { severityOf, sightingOf } from './sighting.js';
export type { KnownImage, Sighting } from './sighting.js';
export { techniqueOf } from './technique.js';
