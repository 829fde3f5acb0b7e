# One image for every role; the role is the command: api, worker, demo-agents ...
# Pin it by digest where you deploy: --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:24-bookworm-slim

FROM $NODE_IMAGE AS build
WORKDIR /app
COPY package.json package-lock.json ./
# --ignore-scripts: no package runs code while it is installed, and our own `prepare` would build before the sources are here.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.ts scripts/
COPY src src
# The image's Node, not the one among the development dependencies, which --ignore-scripts leaves empty.
RUN node scripts/build.ts

FROM $NODE_IMAGE AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# peer and optional too: aimock's optional peer vitest would bring the test tools, and msgpackr's native half only saves a little time.
RUN npm ci --omit=dev --omit=peer --omit=optional --ignore-scripts --no-audit --no-fund

FROM $NODE_IMAGE
WORKDIR /app
ENV NODE_ENV=production
COPY package.json ./
COPY bin bin
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
# The image's user "node" by number, so that Kubernetes can see that it is not root. It owns nothing here.
USER 1000:1000
EXPOSE 4000
STOPSIGNAL SIGTERM
# No HEALTHCHECK of the image: it would ask every role for the API's port. docker-compose.yml has the api's.
ENTRYPOINT ["node", "/app/bin/baton.js"]
CMD ["api"]
