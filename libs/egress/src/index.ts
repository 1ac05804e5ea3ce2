export { Egress } from './egress.js';
export type { EgressRequest } from './egress.js';
export type { EgressResponse } from './response.js';
export type { LeastRate } from './least-rate.js';
export type { ClientCertificate, EgressProxy, EgressTls } from './pools.js';
export { classifyAddress } from './address.js';
export { bypassesProxy } from './no-proxy.js';
export { readRetryAfter } from './retry-after.js';
