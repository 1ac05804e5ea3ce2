# One image for every service: docker compose chooses with `service NAME`.
FROM node:24.21.0-trixie-slim AS build
WORKDIR /app
COPY . .
# Node is the base image's, not the npm package that brings it to other machines.
RUN npm ci --no-progress \
 && node node_modules/ts7/bin/tsc -b cli \
 && npm prune --omit=dev --no-progress \
 && rm -rf node_modules/node-linux-* node_modules/.bin/node \
 && find libs services cli -name node_modules -prune -o -path '*/src/*.ts' -exec rm {} + \
 && rm -rf libs/testkit tsconfig*.json

FROM node:24.21.0-trixie-slim
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-semi-space-size=8 --enable-source-maps" \
    TIDEWAITER_HTTP_HOST=0.0.0.0 \
    TIDEWAITER_HTTP_PORT=8080
WORKDIR /app
COPY --from=build /app .
USER node
EXPOSE 8080
ENTRYPOINT ["node", "cli/dist/main.js"]
CMD ["--help"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TIDEWAITER_HTTP_PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
