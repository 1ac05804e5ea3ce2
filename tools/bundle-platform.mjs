/** Packages that only services and the database commands load: no part of the client needs one. */
export const platformPackages =
  /\/node_modules\/(?:@nestjs|@nats-io|@fastify|@opentelemetry|bullmq|fastify|ioredis|jose|pg|pino|prom-client|reflect-metadata|rxjs|typeorm)\//;

/** What NestJS loads for those who use a part of it that we do not, and have not installed. */
export const absent = [
  '@fastify/multipart',
  '@fastify/view',
  '@nestjs/platform-express',
  '@nestjs/websockets/socket-module.js',
  'amqp-connection-manager',
  'class-transformer',
  'class-validator',
  'kafkajs',
  'mqtt',
];
