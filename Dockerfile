# One image for every service: docker compose chooses with `service NAME`. The target `single` has
# PostgreSQL, NATS and Redis, too, for `up` in one container.
# The release workflow adds the digest.
ARG NODE_IMAGE=node:24.21.0-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY . .
RUN npm ci --no-progress \
 && node node_modules/ts7/bin/tsc -b cli \
 && node tools/bundle.mjs \
 && node tools/build-console.mjs \
 && node tools/package-notices.mjs notices

FROM ${NODE_IMAGE} AS services
# As in the launcher, malloc returns large buffers.
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-semi-space-size=8" \
    MALLOC_MMAP_THRESHOLD_=131072 \
    TIDEWAITER_HTTP_HOST=0.0.0.0 \
    TIDEWAITER_HTTP_PORT=8080
WORKDIR /app
# The bundle, the notices of its packages, and the files that its modules read by their place.
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/notices/node_modules node_modules
COPY --from=build /app/cli/dist/bundle cli/dist/bundle
COPY --from=build /app/services/console/web/dist services/console/web/dist
COPY --from=build /app/rules rules
COPY --from=build /app/deploy deploy
# The volume of ingest's spool takes the owner of this folder.
RUN install -d -o node -g node -m 700 /var/lib/tidewaiter
USER node
EXPOSE 8080
ENTRYPOINT ["node", "cli/dist/bundle/main.js"]
CMD ["--help"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TIDEWAITER_HTTP_PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

FROM services AS single
USER root
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends nats-server postgresql redis-server \
 && rm -rf /var/lib/apt/lists/*
USER node
ENV TIDEWAITER_HOME=/var/lib/tidewaiter
EXPOSE 7070 7080
CMD ["up"]

# Built without a target.
FROM services
