/** Packages that only services and the database commands load; the bundle leaves them in node_modules. */
export const external = [
  /^@nestjs\//,
  /^@nats-io\//,
  /^@fastify\//,
  /^@opentelemetry\//,
  /^(bullmq|fastify|ioredis|jose|pg|pino|prom-client|reflect-metadata|rxjs|typeorm)(\/|$)/,
];
