export { checks, imageChecksVersion } from './checks.js';
export { checksMarkdown } from './document.js';
export { checkImageConfig, checkImageFiles } from './image/image-checks.js';
export { checkDockerfile } from './dockerfile/dockerfile-checks.js';
export { checkKubernetes } from './kubernetes/kubernetes-checks.js';
