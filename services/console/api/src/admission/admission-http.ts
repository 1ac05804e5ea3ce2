import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * Limit on an AdmissionReview. Kubernetes stores objects of 1.5 MiB as protobuf, which become six
 * times as large where JSON escapes every character, and sends the object of an update twice. A
 * review that is refused for its size would be admitted under `failurePolicy: Ignore`.
 */
const maxReviewBytes = 20 * 1024 * 1024;

/** Gives the route of admission its own limit of a body. */
export function acceptLargeReviews(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', (route) => {
    if (route.url === '/admission/validate') route.bodyLimit = maxReviewBytes;
  });
}
