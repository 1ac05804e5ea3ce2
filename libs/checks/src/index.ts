export { checks, imageChecksVersion } from './checks.js';
export { datedPackages, endOfLife } from './end-of-life/end-of-life.js';
export type { DatedPackage } from './end-of-life/end-of-life.js';
export { lifecycleVersion } from './end-of-life/releases.js';
export { checksMarkdown } from './document.js';
export { checkImageConfig, checkImageFiles } from './image/image-checks.js';
export { checkDockerfile } from './dockerfile/dockerfile-checks.js';
export { checkKubernetes } from './kubernetes/kubernetes-checks.js';
