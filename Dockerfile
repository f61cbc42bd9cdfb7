# One image for every process of the project: the target, the stand-ins, the migration and the links. The command
# says which. The last stage holds Node, the libraries it is linked with, and our files; no shell and no package
# manager, for nothing here needs one.

# Any Debian-like image with Node 24 and npm; docker/airgap/build makes one where none can be pulled.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /root-fs/app
COPY package.json package-lock.json ./
# Optional packages are PostgreSQL's binaries, and PostgreSQL has a container of its own. No package needs its
# install script. Types and source maps are for building; licences stay.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error \
 && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && rm -rf node_modules/.package-lock.json node_modules/.bin node_modules/openai/src
RUN set -eu; cd /root-fs; node="$(readlink -f "$(command -v node)")"; \
    mkdir -p etc tmp usr/local/bin; chmod 1777 tmp; \
    cp "$node" usr/local/bin/node; \
    # Paths of libraries, the loader among them, as the loader will look for them.
    ldd "$node" | grep -o '/[^ )]*' | xargs cp -L --parents -t .; \
    for notice in libc6 libstdc++6 libgcc-s1; do cp --parents "/usr/share/doc/$notice/copyright" . || true; done; \
    echo 'tripcurve:x:10001:10001::/nonexistent:/sbin/nologin' > etc/passwd; \
    echo 'tripcurve:x:10001:' > etc/group; \
    echo 'hosts: files dns' > etc/nsswitch.conf; \
    # A named volume takes its owner from the folder it is mounted over.
    install -d -o 10001 -g 10001 var/lib/mimo

FROM scratch
COPY --from=build /root-fs/ /
COPY --from=build --chown=10001:10001 /root-fs/var/lib/mimo /var/lib/mimo
WORKDIR /app
COPY LICENSE tripcurve.config.ts ./
COPY bin ./bin
COPY services ./services
COPY harness ./harness
ENV NODE_ENV=production PATH=/usr/local/bin
USER 10001:10001
CMD ["node", "services/mimo/main.ts"]
