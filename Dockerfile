ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are the embedded Postgres and the pinned Node of a developer's machine: never in the image.
RUN npm ci --omit=optional --ignore-scripts
COPY nest-cli.json tsconfig.json ./
COPY src ./src
RUN npx --no-install nest build
# A second installation instead of `npm prune`: what ships is exactly what the lock says for production.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM ${NODE_IMAGE} AS runtime
ARG REVISION=unknown
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="Multi-agent LLM workflows, validated, approved and provably recorded" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    COUNTERSIGN_ENV=production \
    COUNTERSIGN_DATA_DIR=/var/lib/countersign
WORKDIR /app
# Owned by root and not writable by the process; package.json says that dist is ESM and which version this is.
COPY --from=build /app/package.json ./package.json
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY config ./config
# The one folder that is written to. Ids instead of names: the base image has no such user and needs none.
RUN mkdir -p /var/lib/countersign && chown 10001:10001 /var/lib/countersign && chmod 0700 /var/lib/countersign
VOLUME ["/var/lib/countersign"]
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "--max-semi-space-size=6", "dist/main.js"]
